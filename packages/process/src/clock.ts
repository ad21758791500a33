/** Where the time comes from. Everything that decides by time takes one, so that tests can set it. */
export interface Clock {
  now(): Date;
  /** The same as Unix milliseconds, for hot paths: it makes no object. */
  nowMs(): number;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date(), nowMs: () => Date.now() };
