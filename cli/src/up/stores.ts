import { join } from 'node:path';
import { dataHome, type PgBackRest, pgBackRestAvailable, startPostgres, startRedis } from '@gatehouse/testing';
import type { CliConfig } from '../config.ts';
import { ensureDatabase } from './database.ts';
import type { PortBlock } from './port-block.ts';

/** Where the mesh keeps its data, and how its backups are made. */
export interface Stores {
  /** URL of a superuser in the database that holds the five schemas. */
  readonly postgresAdminUrl: string;
  readonly redisUrl: string;
  /** Variables that tell ops how to back up, or why it cannot. */
  readonly opsEnvironment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts a private Postgres and Redis whose data stays, or takes those that the environment names. */
export async function openStores(
  home: string,
  config: CliConfig,
  ports: Pick<PortBlock, 'postgres' | 'redis'>,
  say: (line: string) => void,
): Promise<Stores> {
  const data = dataHome(home);
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const each of stops.reverse()) await each();
  };
  try {
    let adminUrl = config.GATEHOUSE_POSTGRES_URL;
    let opsEnvironment: Record<string, string> = {
      GATEHOUSE_OPS_PGBACKREST_REASON: 'Postgres is not run by this command, so its backups are not either.',
    };
    if (adminUrl === undefined) {
      const archive = pgBackRestAvailable();
      say('Starting Postgres.');
      const postgres = await startPostgres({
        dataDirectory: join(data, 'postgres'),
        port: ports.postgres,
        durable: true,
        archive,
      });
      stops.push(() => postgres.stop());
      adminUrl = await ensureDatabase(postgres.adminUrl);
      opsEnvironment = backupEnvironment(postgres.pgBackRest, join(data, 'scratch'));
    }
    let redisUrl = config.GATEHOUSE_REDIS_URL;
    if (redisUrl === undefined) {
      say('Starting Redis.');
      const redis = await startRedis({ port: ports.redis, directory: join(data, 'redis') });
      stops.push(() => redis.stop());
      redisUrl = redis.url;
    }
    return { postgresAdminUrl: adminUrl, redisUrl, opsEnvironment, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function backupEnvironment(pgBackRest: PgBackRest | undefined, scratchDirectory: string): Record<string, string> {
  if (!pgBackRest) return { GATEHOUSE_OPS_PGBACKREST_REASON: 'pgBackRest is not installed on this machine.' };
  return {
    GATEHOUSE_OPS_PGBACKREST_CONFIG: pgBackRest.configFile,
    GATEHOUSE_OPS_PGBACKREST_STANZA: pgBackRest.stanza,
    GATEHOUSE_OPS_PGBACKREST_BIN: pgBackRest.file,
    GATEHOUSE_OPS_SCRATCH_DIRECTORY: scratchDirectory,
    ...(pgBackRest.user ? { GATEHOUSE_OPS_RUN_AS: pgBackRest.user.name } : {}),
  };
}
