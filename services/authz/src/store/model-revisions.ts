import type { Database, Timeline } from '@gatehouse/postgres';
import type { Clock, Logger, Registry } from '@gatehouse/process';
import { type InvalidationBus, type ReadThrough, type RedisStore, readThrough } from '@gatehouse/redis';
import { findModelRevision } from './model.ts';

/** The revision of the model: in memory, in Redis, in Postgres. It has one entry, MODEL_ID. */
export type ModelRevisions = ReadThrough<bigint>;

export interface ModelRevisionsOptions {
  readonly db: Database;
  readonly redis: RedisStore;
  readonly bus: InvalidationBus;
  readonly timeline: Pick<Timeline, 'current'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly l2TtlMs: number;
}

/** Stands for the model among what can be invalidated; all other ids are those of users. */
export const MODEL_ID = '00000000-0000-0000-0000-000000000000';

/** What the bus calls changes of the model. */
export const MODEL_TOPIC = 'authz-model';

const REVISION_BYTES = 8;

/** Opens the three layers. That Redis has the revision too lets checks go on without Postgres after a lapse of the bus. */
export function openModelRevisions({ db, timeline, ...options }: ModelRevisionsOptions): ModelRevisions {
  return readThrough<bigint>({
    ...options,
    topic: MODEL_TOPIC,
    redisKey: () => `ga:${timeline.current ?? 0n}:model`,
    encode: (revision) => {
      const bytes = Buffer.alloc(REVISION_BYTES);
      bytes.writeBigUInt64BE(revision);
      return bytes;
    },
    decode: (bytes) => bytes.readBigUInt64BE(),
    expiresAtMs: () => Number.POSITIVE_INFINITY,
    load: async (_id, signal) => {
      const revision = await findModelRevision(db.within({ signal }));
      return { version: revision, value: revision };
    },
    l1MaxEntries: 1,
  });
}
