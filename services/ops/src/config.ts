import { postgresUrl } from '@gatehouse/postgres/url';
import { integer, parseConfig, redisVariables, secretKeys, serviceAddress, serviceVariables } from '@gatehouse/process';
import { redisUrl } from '@gatehouse/redis/url';
import { z } from 'zod';

const DAY_SECONDS = 24 * 60 * 60;
const absolutePath = z.string().regex(/^\//, 'an absolute path');

const variables = z.object({
  ...serviceVariables,
  ...redisVariables,
  GATEHOUSE_OPS_POSTGRES_URL: postgresUrl,
  /**
   * Secret keys that requests with an idempotency key are digested with, as `id:key,id:key`. The first one digests what is new;
   * one that leaves the front stays for 24 hours, as long as digests live.
   */
  GATEHOUSE_OPS_SECRET_KEYS: secretKeys,
  /** Holds the queue of runs, so it must not evict (`noeviction`). */
  GATEHOUSE_OPS_REDIS_URL: redisUrl,
  GATEHOUSE_SESSION_ADDRESS: serviceAddress,
  GATEHOUSE_AUTHZ_ADDRESS: serviceAddress,
  GATEHOUSE_AUDIT_ADDRESS: serviceAddress,
  GATEHOUSE_AUDIT_DECISIONS: z.enum(['none', 'denied', 'all']).default('denied'),
  /** Path of the pgbackrest.conf of the cluster. Without it no backups are made. */
  GATEHOUSE_OPS_PGBACKREST_CONFIG: absolutePath.optional(),
  /** A sentence that tells why it is not set. */
  GATEHOUSE_OPS_PGBACKREST_REASON: z.string().max(500).optional(),
  GATEHOUSE_OPS_PGBACKREST_STANZA: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'the name of a stanza')
    .default('gatehouse'),
  GATEHOUSE_OPS_PGBACKREST_BIN: z.string().default('pgbackrest'),
  /** Folder of the Postgres server's programs; looked for when it is not set. */
  GATEHOUSE_OPS_POSTGRES_BIN: absolutePath.optional(),
  /** Name of the account that owns the cluster; by default that of the process. Another one takes root. */
  GATEHOUSE_OPS_RUN_AS: z.string().optional(),
  /** Where restore drills restore to, each into a directory of its own that goes with it. Without it there are none. */
  GATEHOUSE_OPS_SCRATCH_DIRECTORY: absolutePath.optional(),
  /** Name of the restored database to look into; by default that of GATEHOUSE_OPS_POSTGRES_URL. */
  GATEHOUSE_OPS_DRILL_DATABASE: z.string().max(63).optional(),
  GATEHOUSE_OPS_BACKUP_TIMEOUT_SECONDS: integer(1, 7 * DAY_SECONDS).default(DAY_SECONDS),
  /** For restoring the files, and again for replaying the WAL. */
  GATEHOUSE_OPS_RESTORE_TIMEOUT_SECONDS: integer(1, 7 * DAY_SECONDS).default(DAY_SECONDS),
  /** How often it is looked for runs that a process left behind when it died. */
  GATEHOUSE_OPS_SWEEP_INTERVAL_MS: integer(50, 600_000).default(10_000),
  /** Where pgBackRest and Postgres are looked for. */
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
});

export type Config = z.output<typeof variables>;

/** Reads the configuration; throws one error that names every variable that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  return parseConfig(variables, env);
}

/** Name of the database in which a drill looks for the schemas of Gatehouse. */
export function drillDatabase(config: Config): string {
  if (config.GATEHOUSE_OPS_DRILL_DATABASE !== undefined) return config.GATEHOUSE_OPS_DRILL_DATABASE;
  const url = new URL(config.GATEHOUSE_OPS_POSTGRES_URL.replace('@/', '@localhost/'));
  return decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username);
}
