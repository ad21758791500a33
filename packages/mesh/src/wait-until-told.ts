import type { Invalidation } from './invalidation-relay.ts';

/** Waits for others to tell what this instance could not. */
export interface TellingWait {
  /**
   * Resolves when none of these is waiting to be told any more, or when `untilMs` of performance.now() has come. It never
   * rejects: while nobody can say, it waits.
   */
  untilTold(items: readonly Invalidation[], untilMs: number): Promise<void>;
  /** Ends all waits, and those to come. */
  stop(): void;
}

export interface TellingWaitOptions {
  /** Which of these are waiting to be told, by their ids. */
  readonly stillWaiting: (items: readonly Invalidation[]) => Promise<ReadonlySet<string>>;
  readonly everyMs?: number;
}

/** How often it is looked, by one statement for all who wait. */
const EVERY_MS = 25;
/** Most items that one look asks about; who waits for more waits for the whole time. */
const ASKED_MAX = 10_000;

interface Waiter {
  readonly items: readonly Invalidation[];
  readonly end: () => void;
}

/** Looks for all who wait at once, and only while somebody does. */
export function waitForTelling({ stillWaiting, everyMs = EVERY_MS }: TellingWaitOptions): TellingWait {
  const waiters = new Set<Waiter>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const look = async () => {
    const asked: Waiter[] = [];
    let count = 0;
    for (const waiter of waiters) {
      count += waiter.items.length;
      if (count > ASKED_MAX) break;
      asked.push(waiter);
    }
    const waiting = await stillWaiting(asked.flatMap(({ items }) => items)).catch(() => undefined);
    if (waiting) for (const { items, end } of asked) if (!items.some(({ id }) => waiting.has(id))) end();
    timer = undefined;
    lookSoon();
  };
  const lookSoon = () => {
    if (waiters.size > 0) timer ??= setTimeout(() => void look(), everyMs);
  };
  return {
    untilTold: (items, untilMs) =>
      new Promise((resolve) => {
        if (stopped) return resolve();
        const end = () => {
          clearTimeout(limit);
          waiters.delete(waiter);
          resolve();
        };
        const limit = setTimeout(end, Math.max(0, untilMs - performance.now()));
        const waiter = { items, end };
        waiters.add(waiter);
        lookSoon();
      }),
    stop() {
      stopped = true;
      clearTimeout(timer);
      for (const { end } of waiters) end();
    },
  };
}
