import { resolve } from 'node:path';
import { postgresUrl } from '@gatehouse/postgres/url';
import { parseConfig } from '@gatehouse/process';
import { redisUrl } from '@gatehouse/redis/url';
import { z } from 'zod';

const variables = z.object({
  /** A Postgres to use instead of a private one: URL of a superuser, in the database that is to hold the five schemas. */
  GATEHOUSE_POSTGRES_URL: postgresUrl.optional(),
  /** A Redis to use instead of a private one. */
  GATEHOUSE_REDIS_URL: redisUrl.optional(),
  /** The authz service that `authz` commands talk to; by default the one that `up` has started. */
  GATEHOUSE_AUTHZ_ADDRESS: z.string().optional(),
  /** PEM files of an operator: the authority, the certificate and its key; by default those that `up` has laid out. */
  GATEHOUSE_TLS_CA: z.string().optional(),
  GATEHOUSE_TLS_CERT: z.string().optional(),
  GATEHOUSE_TLS_KEY: z.string().optional(),
  /** Trust domain of the certificates. */
  GATEHOUSE_TRUST_DOMAIN: z.string().default('gatehouse.local'),
  /** Where `up` keeps data, certificates and logs; by default `.gatehouse` in the checkout. */
  GATEHOUSE_HOME: z.string().optional(),
});

export type CliConfig = z.output<typeof variables>;

export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): CliConfig {
  return parseConfig(variables, env);
}

/** The folder in which `up` keeps everything. */
export function homeOf(root: string, { GATEHOUSE_HOME }: CliConfig): string {
  return resolve(root, GATEHOUSE_HOME ?? '.gatehouse');
}

/** What a child process takes over: everything but settings of Gatehouse, which it is given one by one. */
export function inheritedEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GATEHOUSE_')));
}
