// Long because everything is opened here, in the order in which one thing needs another.
import { ACCESS_TOKEN_LIFETIME_MAX_SECONDS } from '@gatehouse/client/verify';
import { openWrites, type Runtime, startInvalidationRelay, type Writes } from '@gatehouse/mesh';
import { type Database, followTimeline } from '@gatehouse/postgres';
import { type Clock, Gauge, type Logger, uuidv7 } from '@gatehouse/process';
import { type InvalidationBus, openRedis, startBus } from '@gatehouse/redis';
import type { Acting } from '@gatehouse/rpc';
import { type Config, refreshSettings } from './config.ts';
import { type KeyRing, keyRing } from './domain/key-ring.ts';
import { parseToken } from './domain/session-token.ts';
import type { KeyTerms } from './domain/signing-key-plan.ts';
import { type TokenGate, tokenGate } from './domain/token-gate.ts';
import { openRefreshEvents, type RefreshEvents } from './events/refresh.ts';
import { type Events, openEvents } from './events.ts';
import { startCanary } from './jobs/canary.ts';
import { startCountingRefusals } from './jobs/count-refusals.ts';
import { type Rotation, startRotatingSigningKeys } from './jobs/rotate-signing-keys.ts';
import { startSweepingSessions } from './jobs/sweep-sessions.ts';
import { type HoldsPermission, openAuthz } from './peers/authz.ts';
import { type AccessTokens, accessTokens } from './store/access-tokens.ts';
import { type Activity, openActivity } from './store/activity.ts';
import { canarySession } from './store/canary-session.ts';
import { openKeySet, type SigningKeys } from './store/key-set.ts';
import { openPresence, type Presence } from './store/presence.ts';
import { recentRevocations } from './store/recent-revocations.ts';
import { openRefresh, type Refresh } from './store/refresh.ts';
import { type SessionCache, sessionCache } from './store/session-cache.ts';
import { isTokenOf } from './store/sessions.ts';
import { tokenKeysReady } from './store/token-keys.ts';
import { type Validator, validator } from './store/validate.ts';
import { openWatchers, type Watchers } from './store/watchers.ts';
import { toAnswer, toChanges, toReset } from './wire/watch.ts';

const DAY_SECONDS = 24 * 60 * 60;

/** What an RPC may ask for. */
export interface Deps {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Events & RefreshEvents;
  readonly sessions: SessionCache;
  readonly validator: Validator;
  readonly writes: Writes;
  readonly watchers: Watchers;
  readonly acting: Acting;
  readonly holdsPermission: HoldsPermission;
  readonly activity: Activity;
  readonly presence: Presence;
  readonly keyRing: KeyRing;
  readonly tokenGate: TokenGate;
  /** Vouches for session tokens that are issued; undefined while plain ones are. */
  readonly tokenRing: KeyRing | undefined;
  readonly ready: () => Promise<readonly string[]>;
  readonly signingKeys: SigningKeys;
  readonly keyTerms: KeyTerms;
  readonly accessTokens: AccessTokens;
  readonly refresh: Refresh;
  readonly limits: Limits;
  /** Name of the cookie that the edge accepts a token in. */
  readonly cookieName: string;
}

/** What the configuration allows a session. */
export interface Limits {
  /** Longest life of a session. */
  readonly lifetimeSeconds: number;
  /** Longest time without use; 0: none. */
  readonly idleTimeoutSeconds: number;
  /** Most sessions of one user. */
  readonly perUserMax: number;
}

/** Opens everything; the runtime's stop stack closes it. */
export function openDeps(config: Config, runtime: Runtime): Deps {
  const { db, clock, logger, registry, stops } = runtime;
  const redis = openRedis({
    url: config.GATEHOUSE_SESSION_REDIS_URL,
    name: 'session',
    commandTimeoutMs: config.GATEHOUSE_REDIS_COMMAND_TIMEOUT_MS,
    logger,
    registry,
  });
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
  const timeline = followTimeline({ db, everyMs: config.GATEHOUSE_SESSION_HEARTBEAT_MS, logger });
  stops.add('timeline', () => timeline.stop());
  bus.on('session', (_id, version) => void timeline.confirm(version));
  const layers = { db, redis, bus, timeline, clock, logger, registry };
  const l1MaxEntries = config.GATEHOUSE_SESSION_L1_ENTRIES;
  const l2TtlMs = config.GATEHOUSE_SESSION_L2_TTL_SECONDS * 1000;
  const sessions = sessionCache({ ...layers, l1MaxEntries, l2TtlMs });
  stops.add('session cache', () => sessions.close());
  const invalidations = startInvalidationRelay({
    ...layers,
    schema: 'session',
    cache: sessions,
    recent: (windowMs) => recentRevocations(db, windowMs),
  });
  const secretKeys = config.GATEHOUSE_SESSION_SECRET_KEYS;
  const writes = openWrites({ db, schema: 'session', secretKeys, invalidations, logger, registry });
  stops.add('writes', () => writes.stop());
  new Gauge({
    name: 'session_staleness_bound_seconds',
    help: 'Longest time that a revoked session can still be accepted by this instance.',
    registers: [registry],
  }).set(boundMs / 1000);
  const canary = startCanary({
    session: canarySession({ id: uuidv7(), redis, bus, clock, logger }),
    everyMs: config.GATEHOUSE_SESSION_CANARY_MS,
    boundMs,
    logger,
    registry,
  });
  stops.add('canary', () => canary.stop());
  const gatheringMs = config.GATEHOUSE_SESSION_ACTIVITY_FLUSH_MS;
  const windowMs = config.GATEHOUSE_SESSION_ONLINE_SECONDS * 1000;
  const presence = openPresence({ redis, clock, logger, registry, windowMs });
  const activity = openActivity({ db, presence, logger, registry, flushMs: gatheringMs });
  stops.add('activity', () => activity.stop());
  const retentionDays = config.GATEHOUSE_SESSION_RETENTION_DAYS;
  const sweeping = startSweepingSessions({ db, clock, logger, registry, retentionDays });
  stops.add('sweep of sessions', () => sweeping.stop());
  const ring = keyRing(secretKeys);
  const form = config.GATEHOUSE_SESSION_TOKEN_FORM;
  const gate = tokenGate(ring, form, () => performance.now());
  const judge = validator({
    sessions,
    gate,
    isTokenOf: (token, signal) => isTokenOf(db.within({ signal }), token),
    activity,
    clock,
    gatheringMs,
  });
  const trail = runtime.trail(config.GATEHOUSE_AUDIT_ADDRESS, config.GATEHOUSE_AUDIT_DECISIONS);
  const anonymous = startCountingRefusals(trail, () => clock.now());
  stops.add('counting of refusals', async () => anonymous.stop());
  const events = { ...openEvents(trail, registry, anonymous), ...openRefreshEvents(trail, registry, anonymous) };
  const refresh = openRefresh({ db, logger, ring, ...refreshSettings(config) });
  stops.add('refresh tokens', () => refresh.stop());
  const watchers = openWatchers({
    bus,
    topic: 'session',
    registry,
    encode: { changes: toChanges, answer: toAnswer, reset: toReset },
  });
  timeline.onChange(() => sessions.forget());
  timeline.onChange(() => watchers.reset());
  const authz = openAuthz(runtime, config.GATEHOUSE_AUTHZ_ADDRESS);
  return {
    db,
    clock,
    logger,
    events,
    sessions,
    validator: judge,
    writes,
    watchers,
    acting: {
      authenticate: async (sessionToken, call) => {
        const { signal, peer } = call;
        const options = { freshness: 'strict', demand: 'nothing', signal, peer: peer.name } as const;
        const { userId, sessionId } = await judge.validate(parseToken(sessionToken), options);
        return { userId, sessionId };
      },
      permits: authz.permits,
    },
    holdsPermission: authz.holdsPermission,
    activity,
    presence,
    keyRing: ring,
    tokenGate: gate,
    tokenRing: form === 'plain' ? undefined : ring,
    ready: tokenKeysReady({ db, clock, ring, form }),
    ...openSigning(config, runtime, { bus, events, keyRing: ring }),
    refresh,
    limits: {
      lifetimeSeconds: config.GATEHOUSE_SESSION_LIFETIME_SECONDS,
      idleTimeoutSeconds: config.GATEHOUSE_SESSION_IDLE_TIMEOUT_SECONDS,
      perUserMax: config.GATEHOUSE_SESSION_PER_USER_MAX,
    },
    cookieName: config.GATEHOUSE_SESSION_COOKIE,
  };
}

/** The keys that sign, their rotation, and what is signed with them. */
function openSigning(
  config: Config,
  { db, clock, logger, registry, stops }: Runtime,
  { bus, events, keyRing }: { readonly bus: InvalidationBus } & Pick<Deps, 'events' | 'keyRing'>,
): Pick<Deps, 'signingKeys' | 'keyTerms' | 'accessTokens'> {
  const keyTerms = {
    signingSeconds: config.GATEHOUSE_SESSION_SIGNING_KEY_DAYS * DAY_SECONDS,
    maxAgeSeconds: config.GATEHOUSE_SESSION_JWKS_MAX_AGE_SECONDS,
    tokenLifetimeMaxSeconds: ACCESS_TOKEN_LIFETIME_MAX_SECONDS,
  };
  const makeFirst = () => rotation.run();
  const signingKeys = openKeySet({ db, bus, keyRing, clock, logger, registry, makeFirst });
  stops.add('signing keys', () => signingKeys.stop());
  const rotation: Rotation = startRotatingSigningKeys({
    db,
    clock,
    logger,
    events,
    keyRing,
    terms: keyTerms,
    keys: signingKeys,
  });
  stops.add('rotation of signing keys', () => rotation.stop());
  const terms = {
    issuer: config.GATEHOUSE_SESSION_ISSUER,
    audiences: config.GATEHOUSE_SESSION_AUDIENCES,
    lifetimeSeconds: config.GATEHOUSE_SESSION_ACCESS_TOKEN_SECONDS,
  };
  return { signingKeys, keyTerms, accessTokens: accessTokens({ keys: signingKeys, terms, clock, registry }) };
}
