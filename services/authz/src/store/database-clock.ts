import { type Database, type Queryable, statement } from '@gatehouse/postgres';
import type { Clock, Logger } from '@gatehouse/process';

/** How often the two clocks are compared. Milliseconds. */
const EVERY_MS = 10_000;
/** How long one comparison may take; one that takes longer says too little. Milliseconds. */
const ROUND_TRIP_MS_MAX = 2_000;
/** After this long a comparison is believed however long it took: clocks drift. Milliseconds. */
const BEST_FOR_MS = 60_000;
/** Both clocks tell whole milliseconds. */
const RESOLUTION_MS = 2;
/** From this difference on it is worth a warning. Milliseconds. */
const DIFFERENCE_MS_MAX = 1_000;

const NOW = statement<{ now_ms: number }>(
  'authz.now',
  'select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms',
);

/** What Postgres says that it is. Unix time in milliseconds. */
export async function findNowMs(db: Queryable): Promise<number> {
  const [row] = await db.query(NOW);
  if (!row) throw new Error('Postgres has no time.');
  return row.now_ms;
}

/** The database's clock, as this instance knows it: grants begin and end by it, on every instance at the same time. */
export interface DatabaseClock {
  /** Unix time in milliseconds, within half a round trip to Postgres of what Postgres would say. */
  nowMs(): number;
  stop(): void;
}

/**
 * Compares the clocks now and then. The shortest comparison is the best, since it is wrong by half of what it took at most;
 * another takes its place when it is old, or when not both can be right, because a clock was set. While Postgres can't be asked, the last difference stands. */
export function followDatabaseClock({
  db,
  clock,
  logger,
}: {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}): DatabaseClock {
  const stopping = new AbortController();
  let aheadMs = 0;
  let bestTookMs = Number.POSITIVE_INFINITY;
  let bestAtMs = Number.NEGATIVE_INFINITY;
  let isApart = false;
  let isComparing = false;

  const compare = async () => {
    if (isComparing) return;
    isComparing = true;
    try {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(ROUND_TRIP_MS_MAX)]);
      const sentAtMs = performance.now();
      const foundNowMs = await findNowMs(db.within({ signal }));
      const nowMs = performance.now();
      const tookMs = nowMs - sentAtMs;
      const foundMs = foundNowMs + tookMs / 2 - clock.nowMs();
      const canBothBe = Math.abs(foundMs - aheadMs) <= (tookMs + bestTookMs) / 2 + RESOLUTION_MS;
      if (tookMs > bestTookMs && nowMs - bestAtMs < BEST_FOR_MS && canBothBe) return;
      [aheadMs, bestTookMs, bestAtMs] = [foundMs, tookMs, nowMs];
    } catch {
      // Whoever needs Postgres says so; a clock that was right before is right enough.
    } finally {
      isComparing = false;
    }
    const wasApart = isApart;
    isApart = Math.abs(aheadMs) > DIFFERENCE_MS_MAX;
    if (isApart && !wasApart) logger.warn({ aheadMs }, "the clocks of Postgres and of this machine don't agree");
  };
  // The first also opens a connection, which takes longer on one way than on the other.
  void compare().then(compare);
  const timer = setInterval(() => void compare(), EVERY_MS);
  timer.unref();
  return {
    nowMs: () => clock.nowMs() + aheadMs,
    stop() {
      clearInterval(timer);
      stopping.abort();
    },
  };
}
