import type { Runtime } from '@gatehouse/mesh';
import { type Database, followTimeline } from '@gatehouse/postgres';
import { type Clock, Gauge } from '@gatehouse/process';
import { type InvalidationBus, openRedis, startBus } from '@gatehouse/redis';
import type { Acting } from '@gatehouse/rpc';
import type { Config } from './config.ts';
import { FULL } from './domain/consistency.ts';
import { type Asked, plainly } from './domain/question.ts';
import { type Events, openEvents } from './events.ts';
import { startRefreshingUserRoleCache } from './jobs/refresh-user-role-cache.ts';
import { startSweepingChanges } from './jobs/sweep-changes.ts';
import { openSession } from './peers/session.ts';
import { tellSessions } from './peers/session-tokens.ts';
import { openChangeLog } from './store/change-log.ts';
import { type ChangeWatchers, openChangeWatchers } from './store/change-watchers.ts';
import { type Changes, startChanges } from './store/changes.ts';
import { type DatabaseClock, followDatabaseClock } from './store/database-clock.ts';
import { type Decisions, openDecisions } from './store/decisions.ts';
import { type Explanations, openExplanations } from './store/explanations.ts';
import { GRANTS_TOPIC, openGrantsCache } from './store/grants-cache.ts';
import { type ModelCache, openModelCache } from './store/model-cache.ts';
import { MODEL_TOPIC, openModelRevisions } from './store/model-revisions.ts';
import { findHolders, type PermissionHolders } from './store/permission-holders.ts';
import { measureSteps } from './store/steps.ts';
import { findPlacedTokens } from './store/token-positions.ts';
import { tellUnreadable } from './store/unreadable-conditions.ts';
import { toAnswer, toChanges } from './wire/watch.ts';

/** What an RPC may ask for. */
export interface Deps {
  readonly db: Database;
  readonly clock: Clock;
  readonly events: Events;
  readonly decisions: Decisions;
  readonly explanations: Explanations;
  readonly holders: (asked: Asked) => PermissionHolders;
  readonly changes: Changes;
  readonly watchers: ChangeWatchers;
  readonly models: ModelCache;
  /** The time by which grants begin and end. */
  readonly databaseClock: Pick<DatabaseClock, 'nowMs'>;
  readonly acting: Acting;
  /** Reasons not to be ready. */
  readonly ready: () => Promise<readonly string[]>;
}

/** Opens everything; the runtime's stop stack closes it. */
export function openDeps(config: Config, runtime: Runtime): Deps {
  const { db, clock, logger, registry, stops } = runtime;
  const redis = openRedis({
    url: config.GATEHOUSE_AUTHZ_REDIS_URL,
    name: 'authz',
    commandTimeoutMs: config.GATEHOUSE_REDIS_COMMAND_TIMEOUT_MS,
    logger,
    registry,
  });
  stops.add('redis', () => redis.close());
  const bus = startBus({
    redis,
    channel: 'gatehouse:authz',
    heartbeatMs: config.GATEHOUSE_AUTHZ_HEARTBEAT_MS,
    boundMs: config.GATEHOUSE_AUTHZ_STALENESS_BOUND_MS,
    logger,
    registry,
  });
  stops.add('invalidation bus', () => bus.stop());
  new Gauge({
    name: 'authz_staleness_bound_seconds',
    help: 'Longest time that a change can go unseen by a check that does not ask for more.',
    registers: [registry],
  }).set(bus.boundMs / 1000);
  const l1MaxEntries = config.GATEHOUSE_AUTHZ_L1_ENTRIES;
  const l2TtlMs = config.GATEHOUSE_AUTHZ_L2_TTL_SECONDS * 1000;
  const timeline = followTimeline({ db, everyMs: config.GATEHOUSE_AUTHZ_HEARTBEAT_MS, logger });
  stops.add('timeline', () => timeline.stop());
  for (const topic of [GRANTS_TOPIC, MODEL_TOPIC]) bus.on(topic, (_id, revision) => void timeline.confirm(revision));
  const layers = { db, redis, bus, timeline, clock, logger, registry, l2TtlMs };
  const grants = openGrantsCache({ ...layers, l1MaxEntries });
  stops.add('grants cache', () => grants.close());
  const revisions = openModelRevisions(layers);
  stops.add('model revisions', () => revisions.close());
  const models = openModelCache({ db, bus, revisions, loaded: tellUnreadable({ logger, registry }) });
  for (const each of [grants, revisions, models]) timeline.onChange(() => each.forget());
  const session = openSession(runtime, config.GATEHOUSE_SESSION_ADDRESS);
  const sessionTokens = tellSessions({ session, find: (ids) => findPlacedTokens(db, ids), logger, registry });
  stops.add('tokens for sessions', () => sessionTokens.stop());
  const { advance } = sessionTokens;
  const secretKeys = config.GATEHOUSE_AUTHZ_SECRET_KEYS;
  const changes = startChanges({ db, grants, revisions, redis, bus, timeline, logger, registry, secretKeys, advance });
  stops.add('changes', () => changes.stop());
  refreshUserRoleCache(config, runtime);
  const databaseClock = followDatabaseClock({ db, clock, logger });
  stops.add('database clock', () => databaseClock.stop());
  measureSteps(registry);
  const decisions = openDecisions({ grants, models, bus, databaseClock, timeline });
  const events = openEvents(runtime.trail(config.GATEHOUSE_AUDIT_ADDRESS, config.GATEHOUSE_AUDIT_DECISIONS), registry);
  return {
    db,
    clock,
    events,
    decisions,
    explanations: openExplanations({ db, models }),
    holders: (asked) => findHolders({ db, models }, asked),
    changes,
    watchers: openWatchers(config, runtime, { bus, databaseClock }),
    models,
    databaseClock,
    acting: {
      authenticate: session.authenticate,
      async permits({ userId }, permission, call) {
        const question = { ...plainly(userId, permission), demand: FULL, nowMs: decisions.nowMs() };
        const { isAllowed } = await decisions.decide(question, call.signal);
        events.permissionChecked(call, question, isAllowed);
        return isAllowed;
      },
    },
    ready: () =>
      models.current(0n, new AbortController().signal).then(
        () => [],
        () => ['The roles and permissions can not be read.'],
      ),
  };
}

/** The log of changes: who follows it, and who sweeps it. */
function openWatchers(
  config: Config,
  { db, logger, registry, stops }: Runtime,
  { bus, databaseClock }: { readonly bus: InvalidationBus } & Pick<Deps, 'databaseClock'>,
): ChangeWatchers {
  const watchers = openChangeWatchers({
    log: openChangeLog({ db }),
    everyMs: config.GATEHOUSE_AUTHZ_HEARTBEAT_MS,
    registry,
    logger,
    encode: {
      changes: toChanges,
      answer: (answer) => toAnswer({ ...answer, databaseTimeMs: databaseClock.nowMs() }),
    },
  });
  // What the bus tells is in the log: it need not be waited for.
  for (const topic of [GRANTS_TOPIC, MODEL_TOPIC]) bus.on(topic, () => watchers.wake());
  const retentionHours = config.GATEHOUSE_AUTHZ_CHANGES_RETENTION_HOURS;
  const sweeping = startSweepingChanges({ db, logger, registry, retentionHours });
  stops.add('sweep of changes', () => sweeping.stop());
  return watchers;
}

/** Keeps what is kept for reports from becoming too old, unless nobody wants it. */
function refreshUserRoleCache(config: Config, { db, logger, registry, stops }: Runtime): void {
  const maxAgeSeconds = config.GATEHOUSE_AUTHZ_USER_ROLE_CACHE_MAX_AGE_SECONDS;
  if (maxAgeSeconds === 0) return;
  const postgresUrl = config.GATEHOUSE_AUTHZ_POSTGRES_URL;
  const refreshing = startRefreshingUserRoleCache({ db, postgresUrl, logger, registry, maxAgeSeconds });
  stops.add('refreshing of user_role_cache', () => refreshing.stop());
}
