import { setTimeout as delay } from 'node:timers/promises';
import { type Database, statement, type Transaction } from '@gatehouse/postgres';
import type { Counter, Logger } from '@gatehouse/process';

export interface SweepOptions {
  readonly db: Database;
  readonly logger: Logger;
  /** What is removed, in the plural, for the log; it also names the lock, such as `gatehouse.session.sessions`. */
  readonly rows: { readonly lock: string; readonly plural: string };
  /** Counts what was removed. */
  readonly removed: Counter;
  /** Removes at most so many rows that nobody holds, and returns how many. */
  readonly removeBatch: (tx: Transaction, limit: number) => Promise<number>;
  /** How often it is swept; ten minutes when absent. */
  readonly everyMs?: number | undefined;
  /** How long it rests between two batches; 100 when absent. It rests as long as the batch took in any case. */
  readonly pauseMs?: number | undefined;
}

export interface Sweep {
  stop(): Promise<void>;
}

const EVERY_MS = 10 * 60 * 1000;
const PAUSE_MS = 100;
const BATCH_MAX = 500;
/** Most batches of one sweep; the next one goes on. */
const BATCHES_MAX = 2_000;

const TRY_LOCK = statement<{ held: boolean }>(
  'mesh.try-sweep',
  'select pg_try_advisory_xact_lock(hashtextextended($1::text, 0)) as held',
);

/**
 * Removes rows that are no longer kept, in small batches with pauses, so that no call waits for it. One instance does it at
 * a time. It never fails: what it can't remove is logged, and left to the next sweep.
 */
export function startSweep(options: SweepOptions): Sweep {
  const { db, logger, rows, everyMs = EVERY_MS } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let timer: NodeJS.Timeout | undefined;

  const tick = async () => {
    try {
      await sweep({ ...options, db: db.within({ signal }) }, signal);
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error }, `${rows.plural} could not be removed`);
    }
    if (!signal.aborted) timer = setTimeout(again, everyMs);
  };
  const again = () => {
    running = tick();
  };
  let running = tick();

  return {
    async stop() {
      stopping.abort();
      await running;
      clearTimeout(timer);
    },
  };
}

async function sweep(
  { db, logger, rows, removed, removeBatch, pauseMs = PAUSE_MS }: SweepOptions,
  signal: AbortSignal,
): Promise<void> {
  let total = 0;
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    const startedAtMs = performance.now();
    const count = await db.transaction(async (tx) => {
      const [lock] = await tx.query(TRY_LOCK, [rows.lock]);
      return lock?.held ? removeBatch(tx, BATCH_MAX) : undefined;
    });
    // Another instance is at it.
    if (count === undefined) break;
    removed.inc(count);
    total += count;
    if (count < BATCH_MAX) break;
    await delay(Math.max(pauseMs, performance.now() - startedAtMs), undefined, { signal });
  }
  if (total > 0) logger.info({ removed: total }, `${rows.plural} removed`);
}
