// Long because trust, telling and waiting are one state, and what gives trust back reads beside what takes it away.
import type { Database, Timeline, Transaction } from '@gatehouse/postgres';
import { Counter, Gauge, type Logger, type Registry, uuidv7 } from '@gatehouse/process';
import type { InvalidationBus, ReadThrough, RedisStore } from '@gatehouse/redis';
import { invalidationStatements } from './invalidation-statements.ts';
import { waitForTelling } from './wait-until-told.ts';

/** A cached record that a change made untrue. */
export interface Invalidation {
  /** UUID of the record. */
  readonly id: string;
  /** Version of the record after the change. */
  readonly version: bigint;
  /** The record is gone for good, and why; undefined when it only changed. */
  readonly gone?: string;
}

export interface InvalidationRelayOptions {
  readonly db: Database;
  /** Schema that holds the service's `invalidations` table. */
  readonly schema: string;
  readonly cache: Pick<ReadThrough<unknown>, 'invalidate' | 'distrustL2' | 'trustL2' | 'l2Trusted'>;
  readonly redis: Pick<RedisStore, 'onOutage' | 'onRecovery' | 'usable'>;
  /** Says how long a change may go unseen, and when Redis has lost what it was told. */
  readonly bus: Pick<InvalidationBus, 'boundMs' | 'onLoss'>;
  /** What Redis holds of another timeline is not told of changes. */
  readonly timeline: Pick<Timeline, 'current' | 'confirm'>;
  /**
   * Pages of what was changed in the last `windowMs` milliseconds. They are told once more when Redis is back after it
   * was out of reach or has lost what it had, and when the relay starts: a server that took the place of another may lack
   * what that one had acknowledged. Without it nothing is told twice.
   */
  readonly recent?: (windowMs: number) => AsyncIterable<readonly Invalidation[]>;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly pollMs?: number;
}

export interface InvalidationRelay {
  /** Notes, in the transaction that makes the change and before its commit, that caches must hear of it. */
  stage(tx: Transaction, items: readonly Invalidation[]): void;
  /**
   * Tells the caches, after the commit and before the change is answered. What cannot be told now stays noted, and is told
   * by whichever instance can: this waits until one has, or until the bound of the bus is over. It never rejects.
   */
  settle(items: readonly Invalidation[]): Promise<void>;
  stop(): Promise<void>;
}

const POLL_MS = 250;
const BATCH_MAX = 500;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
/** How far before the loss of Redis may lie what its successor never got. */
const LOSS_MAX_MS = 60_000;

/**
 * Makes sure that every change reaches the caches, even when Redis or the process fails between the commit and the
 * telling. While an invalidation could be waiting that Redis has not heard of (after it was out of reach), the shared
 * cache is not trusted: reads go to Postgres until everything that waits has been told, and what was changed just before
 * once more.
 *
 * Every instance tells what waits, and none holds a lock while it talks to Redis: one that stops in that moment would
 * hide it from the others, who answer from memory.
 */
export function startInvalidationRelay(options: InvalidationRelayOptions): InvalidationRelay {
  const { db, schema, cache, redis, bus, timeline, logger, registry, pollMs = POLL_MS } = options;
  const sql = invalidationStatements(schema);
  const relayed = new Counter({
    name: 'cache_invalidations_relayed_total',
    help: 'Invalidations that were told by the relay, because whoever made the change could not.',
    registers: [registry],
  });
  const retold = new Counter({
    name: 'cache_invalidations_retold_total',
    help: 'Invalidations that were told once more, because Redis may have lost them.',
    registers: [registry],
  });
  new Gauge({
    name: 'cache_redis_trusted',
    help: 'Whether what Redis holds is believed: 0 while an invalidation may not have reached it.',
    registers: [registry],
    collect() {
      this.set(cache.l2Trusted ? 1 : 0);
    },
  });
  const others = waitForTelling({
    stillWaiting: async (items) =>
      new Set((await db.query(sql.findWaiting, idsAndVersions(items))).map((row) => row.subject_id)),
  });
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let failing = false;

  /** How often trust was withdrawn; a sweep gives it back only if that has not happened again since it began. */
  let doubts = 0;
  /** Since when there is none. */
  let distrustedAtMs: number | undefined;
  /** What `doubts` was when everything recent was told once more. */
  let retoldAfter = 0;
  const distrust = () => {
    doubts += 1;
    distrustedAtMs ??= performance.now();
    cache.distrustL2();
  };
  redis.onOutage(distrust);
  redis.onRecovery(distrust);
  bus.onLoss(distrust);
  // What a process that died has left untold is known only after the first sweep.
  distrust();

  const tell = async (items: readonly Invalidation[]): Promise<void> => {
    // Under the keys of a timeline that is over nobody would hear of it.
    await timeline.confirm(items.reduce((newest, { version }) => (version > newest ? version : newest), 0n));
    try {
      await cache.invalidate(items);
    } catch (error) {
      // A Redis that answers reads and takes no writes still holds what should be gone from it.
      distrust();
      throw error;
    }
  };
  /** Tells all that waits. Nothing is locked meanwhile: others may tell the same, which does no harm. */
  const tellWaiting = async (): Promise<void> => {
    let last = BEFORE_ALL;
    for (;;) {
      const rows = await db.query(sql.read, [last, BATCH_MAX]);
      const end = rows.at(-1);
      if (end === undefined) return;
      await tell(
        rows.map(({ subject_id: id, version, gone }) => (gone === null ? { id, version } : { id, version, gone })),
      );
      relayed.inc((await db.query(sql.remove, [rows.map(({ id }) => id)])).length);
      if (rows.length < BATCH_MAX) return;
      last = end.id;
    }
  };
  const tellRecent = async (): Promise<void> => {
    const sinceMs = performance.now() - (distrustedAtMs ?? performance.now());
    for await (const items of options.recent?.(sinceMs + LOSS_MAX_MS) ?? []) {
      await tell(items);
      retold.inc(items.length);
    }
  };
  const sweep = async (): Promise<void> => {
    if (!redis.usable) return;
    const doubtsBefore = doubts;
    await tellWaiting();
    if (cache.l2Trusted) return;
    if (retoldAfter !== doubtsBefore) await tellRecent();
    retoldAfter = doubtsBefore;
    if (!redis.usable || doubts !== doubtsBefore) return;
    if (timeline.current === undefined) return;
    distrustedAtMs = undefined;
    cache.trustL2();
  };
  const tick = async () => {
    try {
      await sweep();
      failing = false;
    } catch (error) {
      if (!failing) logger.warn({ err: error }, 'invalidations wait to be told');
      failing = true;
    }
    if (stopped) return;
    timer = setTimeout(() => {
      running = tick();
    }, pollMs);
  };
  let running = tick();

  return {
    stage(tx, items) {
      if (items.length === 0) return;
      tx.defer(sql.insert, [
        items.map(() => uuidv7()),
        items.map(({ id }) => id),
        items.map(({ version }) => version),
        items.map(({ gone }) => gone ?? null),
      ]);
    },
    async settle(items) {
      if (items.length === 0) return;
      const untilMs = performance.now() + bus.boundMs;
      try {
        await tell(items);
      } catch (error) {
        logger.warn({ err: error, count: items.length }, 'invalidations are left to the relay');
        // Whoever still believes Redis would accept what is answered as ended.
        await others.untilTold(items, untilMs);
        return;
      }
      try {
        await db.query(sql.settle, idsAndVersions(items));
      } catch (error) {
        logger.warn({ err: error, count: items.length }, 'invalidations were told, and will be once more');
      }
    },
    async stop() {
      stopped = true;
      others.stop();
      clearTimeout(timer);
      await running;
      clearTimeout(timer);
    },
  };
}

function idsAndVersions(items: readonly Invalidation[]) {
  return [items.map(({ id }) => id), items.map(({ version }) => version)];
}
