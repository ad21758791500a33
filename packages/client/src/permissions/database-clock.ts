/** The database's clock, by which grants begin and end, followed by this process's monotonic clock. */
export interface DatabaseClock {
  /** The time was told in answer to what was asked at `sentAtMs` on the monotonic clock, and has arrived at `nowMs`. */
  heard(databaseTimeMs: number, sentAtMs: number, nowMs: number): void;
  /** Unix time in milliseconds; -Infinity before anything was heard. */
  at(nowMs: number): number;
}

/** After this long a time is believed however long it was under way: the two clocks drift. Milliseconds. */
const BEST_FOR_MS = 60_000;

/** Both clocks tell whole milliseconds. */
const RESOLUTION_MS = 2;

/**
 * A time that was told lies somewhere between question and answer, so it is taken for the middle, and the one with the
 * shortest way is the best: it is wrong by half of that at most. Another takes its place when it is old, or when not both
 * can be right, because the database's clock was set.
 */
export function createDatabaseClock(): DatabaseClock {
  let aheadMs = Number.NEGATIVE_INFINITY;
  let bestWayMs = Number.POSITIVE_INFINITY;
  let bestAtMs = Number.NEGATIVE_INFINITY;
  return {
    heard(databaseTimeMs, sentAtMs, nowMs) {
      const wayMs = nowMs - sentAtMs;
      const foundMs = databaseTimeMs - (sentAtMs + nowMs) / 2;
      const canBothBe = Math.abs(foundMs - aheadMs) <= (wayMs + bestWayMs) / 2 + RESOLUTION_MS;
      if (wayMs > bestWayMs && nowMs - bestAtMs < BEST_FOR_MS && canBothBe) return;
      bestWayMs = wayMs;
      bestAtMs = nowMs;
      aheadMs = foundMs;
    },
    at: (nowMs) => Math.floor(nowMs + aheadMs),
  };
}
