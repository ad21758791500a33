import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@gatehouse/postgres';
import { type Clock, Counter, type Logger, type Registry } from '@gatehouse/process';
import { deleteEndedSessions } from '../store/ended-sessions.ts';

export interface SweepOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** How long a session is kept after its end. Days. */
  readonly retentionDays: number;
  /** How often it is swept; ten minutes when absent. */
  readonly everyMs?: number;
  /** How long it rests between two batches; 100 when absent. It rests as long as the batch took in any case. */
  readonly pauseMs?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const EVERY_MS = 10 * 60 * 1000;
const PAUSE_MS = 100;
const BATCH_MAX = 500;
/** Most batches of one sweep; the next one goes on. */
const BATCHES_MAX = 2_000;

/**
 * Removes sessions whose end is long past, in small batches with pauses, so that nobody who signs in waits for it. One
 * instance does it at a time. It never fails: what it can't remove is logged, and left to the next sweep.
 */
export function startSweepingSessions(options: SweepOptions): { stop(): Promise<void> } {
  const { db, logger, registry, everyMs = EVERY_MS } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const removed = new Counter({
    name: 'session_sweep_removed_total',
    help: 'Sessions removed because they ended longer ago than they are kept.',
    registers: [registry],
  });
  let timer: NodeJS.Timeout | undefined;

  const tick = async () => {
    try {
      await sweep({ ...options, db: db.within({ signal }) }, removed, signal);
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error }, 'ended sessions could not be removed');
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
  { db, clock, logger, retentionDays, pauseMs = PAUSE_MS }: SweepOptions,
  removed: Counter,
  signal: AbortSignal,
): Promise<void> {
  let total = 0;
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    const before = new Date(clock.now().getTime() - retentionDays * DAY_MS);
    const startedAtMs = performance.now();
    const count = await db.transaction((tx) => deleteEndedSessions(tx, before, BATCH_MAX));
    if (count === undefined) break;
    removed.inc(count);
    total += count;
    if (count < BATCH_MAX) break;
    await delay(Math.max(pauseMs, performance.now() - startedAtMs), undefined, { signal });
  }
  if (total > 0) logger.info({ removed: total }, 'ended sessions removed');
}
