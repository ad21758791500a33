import type { Database, Timeline } from '@gatehouse/postgres';
import type { Clock, Logger, Registry } from '@gatehouse/process';
import { type InvalidationBus, type ReadThrough, type RedisStore, readThrough } from '@gatehouse/redis';
import { slotTag } from '../domain/slot-tag.ts';
import { findUserGrants } from './role-grants.ts';
import { decodeGrants, encodeGrants, type UserGrants } from './user-grants.ts';

/** Users' grants: in memory, in Redis, in Postgres. The version of an entry is the revision of the user's grants. */
export type GrantsCache = ReadThrough<UserGrants>;

export interface GrantsCacheOptions {
  readonly db: Database;
  readonly redis: RedisStore;
  readonly bus: InvalidationBus;
  readonly timeline: Pick<Timeline, 'current'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Most users in the memory of this instance. */
  readonly l1MaxEntries: number;
  /** How long Redis keeps the grants of a user about whom nobody asks. Milliseconds. */
  readonly l2TtlMs: number;
}

/** What the bus calls changes of grants. */
export const GRANTS_TOPIC = 'authz-grants';

/** Opens the three layers. A user without grants is a value like any other, so that denials are cached as well. */
export function openGrantsCache({ db, timeline, ...options }: GrantsCacheOptions): GrantsCache {
  return readThrough<UserGrants>({
    ...options,
    topic: GRANTS_TOPIC,
    redisKey: (userId) => `ga:${timeline.current ?? 0n}:{${slotTag(userId)}}:${userId}`,
    encode: encodeGrants,
    decode: decodeGrants,
    expiresAtMs: () => Number.POSITIVE_INFINITY,
    load: async (userId, signal) => {
      const { revision, grants } = await findUserGrants(db.within({ signal }), userId);
      return { version: revision, value: grants };
    },
  });
}
