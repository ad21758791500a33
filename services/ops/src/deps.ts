import { openWrites, type Runtime, type Writes } from '@gatehouse/mesh';
import type { Database } from '@gatehouse/postgres';
import type { Clock } from '@gatehouse/process';
import { openRedis } from '@gatehouse/redis';
import type { Acting } from '@gatehouse/rpc';
import { type Config, drillDatabase } from './config.ts';
import { type Events, openEvents } from './events.ts';
import { openRunQueue, type RunQueue } from './jobs/run-queue.ts';
import { startRuns } from './jobs/start-runs.ts';
import { permitsAt } from './peers/authz.ts';
import { authenticateAt } from './peers/session.ts';
import { openTools, type Tools } from './peers/tools.ts';

/** What an RPC may ask for. */
export interface Deps {
  readonly db: Database;
  readonly writes: Writes;
  readonly clock: Clock;
  readonly events: Events;
  readonly queue: RunQueue;
  readonly tools: Tools;
  readonly acting: Acting;
}

/** Opens everything; the runtime's stop stack closes it. */
export function openDeps(config: Config, runtime: Runtime): Deps {
  const { db, clock, logger, registry, stops } = runtime;
  const events = openEvents(runtime.trail(config.GATEHOUSE_AUDIT_ADDRESS, config.GATEHOUSE_AUDIT_DECISIONS), registry);
  const acting = {
    authenticate: authenticateAt(runtime, config.GATEHOUSE_SESSION_ADDRESS),
    permits: permitsAt(runtime, config.GATEHOUSE_AUTHZ_ADDRESS),
  };
  const redis = openRedis({
    url: config.GATEHOUSE_OPS_REDIS_URL,
    name: 'ops',
    commandTimeoutMs: config.GATEHOUSE_REDIS_COMMAND_TIMEOUT_MS,
    logger,
    registry,
  });
  stops.add('redis', () => redis.close());
  const queue = openRunQueue({ redis, logger });
  stops.add('queue of runs', () => queue.close());
  const tools = openTools({
    configFile: config.GATEHOUSE_OPS_PGBACKREST_CONFIG,
    reason: config.GATEHOUSE_OPS_PGBACKREST_REASON,
    stanza: config.GATEHOUSE_OPS_PGBACKREST_STANZA,
    file: config.GATEHOUSE_OPS_PGBACKREST_BIN,
    runAs: config.GATEHOUSE_OPS_RUN_AS,
    path: config.PATH,
    scratchRoot: config.GATEHOUSE_OPS_SCRATCH_DIRECTORY,
    postgresFolder: config.GATEHOUSE_OPS_POSTGRES_BIN,
    database: drillDatabase(config),
    backupTimeoutMs: config.GATEHOUSE_OPS_BACKUP_TIMEOUT_SECONDS * 1000,
    restoreTimeoutMs: config.GATEHOUSE_OPS_RESTORE_TIMEOUT_SECONDS * 1000,
  });
  const secretKeys = config.GATEHOUSE_OPS_SECRET_KEYS;
  const writes = openWrites({ db, schema: 'ops', secretKeys, logger, registry });
  stops.add('writes', () => writes.stop());
  const sweepIntervalMs = config.GATEHOUSE_OPS_SWEEP_INTERVAL_MS;
  const runs = startRuns({ db, clock, events, queue, redis, tools, logger, sweepIntervalMs });
  stops.add('runs', () => runs.stop());
  return { db, writes, clock, events, queue, tools, acting };
}
