import { type InvalidationRelay, type Runtime, startInvalidationRelay } from '@gatehouse/mesh';
import type { Database } from '@gatehouse/postgres';
import { type Clock, Gauge } from '@gatehouse/process';
import { openRedis, startBus } from '@gatehouse/redis';
import type { Acting } from '@gatehouse/rpc';
import type { Config } from './config.ts';
import { parseToken } from './domain/session-token.ts';
import { type Events, openEvents } from './events.ts';
import { permissions } from './peers/authz.ts';
import { type SessionCache, sessionCache } from './store/session-cache.ts';
import { type Validator, validator } from './store/validate.ts';
import { fromReply, toReply } from './wire/session.ts';

/** What an RPC may ask for. */
export interface Deps {
  readonly db: Database;
  readonly clock: Clock;
  readonly events: Events;
  readonly sessions: SessionCache;
  readonly validator: Validator;
  readonly invalidations: InvalidationRelay;
  readonly acting: Acting;
  /** Longest life of a session. */
  readonly lifetimeSeconds: number;
  /** Name of the cookie that the edge accepts a token in. */
  readonly cookieName: string;
}

/** Opens everything; the runtime's stop stack closes it. */
export function openDeps(config: Config, runtime: Runtime): Deps {
  const { db, clock, logger, registry, stops } = runtime;
  const redis = openRedis({ url: config.GATEHOUSE_SESSION_REDIS_URL, name: 'session', logger, registry });
  stops.add('redis', () => redis.close());
  const boundMs = config.GATEHOUSE_SESSION_STALENESS_BOUND_MS;
  const bus = startBus({
    redis,
    channel: 'gatehouse:session',
    heartbeatMs: config.GATEHOUSE_SESSION_HEARTBEAT_MS,
    boundMs,
    logger,
    registry,
  });
  stops.add('invalidation bus', () => bus.stop());
  const sessions = sessionCache({
    db,
    redis,
    bus,
    clock,
    logger,
    registry,
    toReply,
    l1MaxEntries: config.GATEHOUSE_SESSION_L1_ENTRIES,
    l2TtlMs: config.GATEHOUSE_SESSION_L2_TTL_SECONDS * 1000,
  });
  stops.add('session cache', () => sessions.close());
  const invalidations = startInvalidationRelay({ db, schema: 'session', cache: sessions, redis, logger, registry });
  stops.add('invalidation relay', () => invalidations.stop());
  new Gauge({
    name: 'session_staleness_bound_seconds',
    help: 'Longest time that a revoked session can still be accepted by this instance.',
    registers: [registry],
  }).set(boundMs / 1000);
  const judge = validator(sessions, clock);
  const trail = runtime.trail(config.GATEHOUSE_AUDIT_ADDRESS, config.GATEHOUSE_AUDIT_DECISIONS);
  return {
    db,
    clock,
    events: openEvents(trail, registry),
    sessions,
    validator: judge,
    invalidations,
    acting: {
      authenticate: async (sessionToken, call) => {
        const { reply } = await judge.validate(parseToken(sessionToken), 'strict', call.signal);
        const { userId, sessionId } = fromReply(reply);
        return { userId, sessionId };
      },
      permits: permissions(runtime, config.GATEHOUSE_AUTHZ_ADDRESS),
    },
    lifetimeSeconds: config.GATEHOUSE_SESSION_LIFETIME_SECONDS,
    cookieName: config.GATEHOUSE_SESSION_COOKIE,
  };
}
