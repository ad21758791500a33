/** How often a stopwatch looks at the time. */
const LOOK_EVERY_MS = 5;
/** How late a look may be before the time until then counts as a pause of this process. */
const LATE_MS = 10;

/** Measures the time in which this process could run. */
export interface Stopwatch {
  /** How long it has run so far, in milliseconds, without the pauses. */
  runningMs(): number;
  /** Ends it, and answers how long it ran. */
  stop(): number;
}

/**
 * Starts a stopwatch that does not count while this process stands still, as on a machine that is busy with others: a
 * bound that this process has to keep is kept or not whatever the machine does. What other processes need does count,
 * and so a bound on that wants slack. Code that keeps the event loop busy looks like a pause; `process.cpuUsage` measures
 * that.
 */
export function startStopwatch(): Stopwatch {
  let ranMs = 0;
  let lookedAtMs = performance.now();
  const look = () => {
    const nowMs = performance.now();
    const passedMs = nowMs - lookedAtMs;
    lookedAtMs = nowMs;
    ranMs += passedMs > LOOK_EVERY_MS + LATE_MS ? LOOK_EVERY_MS : passedMs;
    return ranMs;
  };
  const looking = setInterval(look, LOOK_EVERY_MS).unref();
  let stoppedAfterMs: number | undefined;
  return {
    runningMs: () => stoppedAfterMs ?? look(),
    stop: () => {
      stoppedAfterMs ??= look();
      clearInterval(looking);
      return stoppedAfterMs;
    },
  };
}
