import { type Database, openDatabase } from '@gatehouse/postgres';
import { Counter, Gauge, Histogram, type Logger, type Registry } from '@gatehouse/process';
import { findUserRoleCacheAge, refreshUserRoleCache } from '../store/user-role-cache.ts';

export interface RefreshOptions {
  readonly db: Pick<Database, 'query'>;
  /** Of the service's own role: a refresh takes longer than what the pool of the service allows a statement. */
  readonly postgresUrl: string;
  readonly logger: Logger;
  readonly registry: Registry;
  /** How old it may become. Seconds. */
  readonly maxAgeSeconds: number;
  /** How often it is looked at; a tenth of its age when absent, and at least each minute. */
  readonly everyMs?: number;
}

const REFRESH_TIMEOUT_MS = 30 * 60_000;
const EVERY_MS_MAX = 60_000;
const LOOKS = 10;
const DURATION_BUCKETS = [0.1, 1, 10, 60, 300, 1_800];

/**
 * Refreshes `user_role_cache` when it is older than it may be, one instance at a time, beside those who read it. It never
 * fails: a refresh that fails is logged and tried again.
 */
export function startRefreshingUserRoleCache(options: RefreshOptions): { stop(): Promise<void> } {
  const { logger, registry, maxAgeSeconds } = options;
  const everyMs = options.everyMs ?? Math.min(EVERY_MS_MAX, (maxAgeSeconds * 1_000) / LOOKS);
  const stopping = new AbortController();
  const metrics = metricsOf(options.db, registry);
  const db = openDatabase({
    url: options.postgresUrl,
    applicationName: 'gatehouse-authz-refresh',
    maxConnections: 1,
    statementTimeoutMs: REFRESH_TIMEOUT_MS,
    logger,
  });
  let timer: NodeJS.Timeout | undefined;

  const tick = async () => {
    const stopTimer = metrics.duration.startTimer();
    try {
      if (await refreshUserRoleCache(db.within({ signal: stopping.signal }), maxAgeSeconds)) stopTimer();
    } catch (error) {
      if (!stopping.signal.aborted) {
        metrics.failures.inc();
        logger.warn({ err: error }, 'the cache of user roles could not be refreshed');
      }
    }
    if (!stopping.signal.aborted) timer = setTimeout(again, everyMs);
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
      await db.close();
    },
  };
}

function metricsOf(db: RefreshOptions['db'], registry: Registry) {
  const registers = [registry];
  new Gauge({
    name: 'authz_user_role_cache_age_seconds',
    help: 'Since when user_role_cache was not refreshed; absent before the first time.',
    registers,
    async collect() {
      const age = await findUserRoleCacheAge(db).catch(() => undefined);
      if (age === undefined) this.reset();
      else this.set(age);
    },
  });
  return {
    duration: new Histogram({
      name: 'authz_user_role_cache_refresh_seconds',
      help: 'How long refreshing user_role_cache takes.',
      buckets: DURATION_BUCKETS,
      registers,
    }),
    failures: new Counter({
      name: 'authz_user_role_cache_refresh_failures_total',
      help: 'Refreshes of user_role_cache that failed.',
      registers,
    }),
  };
}
