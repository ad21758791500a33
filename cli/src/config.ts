import { parseConfig, postgresUrl, redisUrl } from '@gatehouse/process';
import { z } from 'zod';

const variables = z.object({
  /** A Postgres to use instead of a private one: URL of a superuser, in the database that is to hold the five schemas. */
  GATEHOUSE_POSTGRES_URL: postgresUrl.optional(),
  /** A Redis to use instead of a private one. */
  GATEHOUSE_REDIS_URL: redisUrl.optional(),
});

export type CliConfig = z.output<typeof variables>;

export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): CliConfig {
  return parseConfig(variables, env);
}

/** What a child process takes over: everything but settings of Gatehouse, which it is given one by one. */
export function inheritedEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GATEHOUSE_')));
}
