import type { Database, Timeline } from '@gatehouse/postgres';
import type { Clock, Logger, Registry } from '@gatehouse/process';
import {
  type InvalidationBus,
  type ReadThrough,
  type RedisStore,
  type ReservedPlace,
  readThrough,
} from '@gatehouse/redis';
import {
  type CachedSession,
  decodeSessionRecord,
  encodeSessionRecord,
  type SessionRecord,
} from '../domain/cached-session.ts';
import { readDigest } from '../domain/digest.ts';
import type { Session } from '../domain/session.ts';
import { tagOf } from '../domain/session-id.ts';
import { findSession } from './sessions.ts';

/** The sessions as validation sees them: in memory, in Redis, in Postgres. */
export interface SessionCache extends Omit<ReadThrough<CachedSession>, 'fill'> {
  /** Puts a session into the caches as `ReadThrough.fill` does, after the commit that made it. */
  fill(place: ReservedPlace, session: Session): Promise<void>;
}

export interface SessionCacheOptions {
  readonly db: Database;
  readonly redis: RedisStore;
  readonly bus: InvalidationBus;
  readonly timeline: Pick<Timeline, 'lowestVersion'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Most sessions in the memory of this instance. */
  readonly l1MaxEntries: number;
  /** How long Redis keeps a session that nobody asks for. Milliseconds. */
  readonly l2TtlMs: number;
}

/** Opens the three layers. */
export function sessionCache({ db, timeline, ...options }: SessionCacheOptions): SessionCache {
  const cache = readThrough<CachedSession>({
    ...options,
    topic: 'session',
    redisKey,
    lowestVersion: () => timeline.lowestVersion,
    encode: encodeSessionRecord,
    decode: (bytes, id) => toCached(decodeSessionRecord(bytes, id)),
    expiresAtMs: ({ expiresAtMs }) => expiresAtMs,
    load: async (id, signal) => {
      const session = await findSession(db.within({ signal }), id);
      if (!session) return undefined;
      const { version, revokedReason } = session;
      if (revokedReason !== undefined) return { version, gone: revokedReason };
      return { version, value: toCached(toRecord(session)) };
    },
  });
  return {
    ...cache,
    get l2Trusted() {
      return cache.l2Trusted;
    },
    fill: (place, session) => cache.fill(place, session.version, toCached(toRecord(session))),
  };
}

/** What Redis holds of a session. */
function toRecord(session: Session): SessionRecord {
  return {
    tokenHash: readDigest(session.tokenHash),
    sessionId: session.id,
    userId: session.userId,
    createdAtMs: session.createdAt.getTime(),
    expiresAtMs: session.expiresAt.getTime(),
    lastActivityMs: session.lastActivityAt.getTime(),
    idleTimeoutMs: session.idleTimeoutSeconds * 1000,
    authenticationLevel: session.authenticationLevel,
    authenticationMethods: session.authenticationMethods,
    authzToken: session.authzToken,
  };
}

/** What memory holds of a session. */
function toCached(record: SessionRecord): CachedSession {
  return { ...record, reply: undefined, foundIdleAtMs: 0 };
}

/** `gs3:{tag}:id`: the tag keeps all sessions of a user in one slot of a Redis Cluster; 3 is the form of the record. */
function redisKey(id: string): string {
  return `gs3:{${tagOf(id)}}:${id}`;
}
