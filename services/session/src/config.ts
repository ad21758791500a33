import { integer, parseConfig, postgresUrl, redisUrl, serviceVariables } from '@gatehouse/process';
import { HEARTBEATS_IN_BOUND_MIN } from '@gatehouse/redis';
import { z } from 'zod';

const DAY_SECONDS = 24 * 60 * 60;

const variables = z
  .object({
    ...serviceVariables,
    GATEHOUSE_SESSION_POSTGRES_URL: postgresUrl,
    GATEHOUSE_SESSION_REDIS_URL: redisUrl,
    GATEHOUSE_AUTHZ_ADDRESS: z.string(),
    GATEHOUSE_AUDIT_ADDRESS: z.string(),
    /** Which validations go to the audit trail: none, those that were refused, or all. */
    GATEHOUSE_AUDIT_DECISIONS: z.enum(['none', 'denied', 'all']).default('denied'),
    /** How long a session lives at most. */
    GATEHOUSE_SESSION_LIFETIME_SECONDS: integer(1, 366 * DAY_SECONDS).default(30 * DAY_SECONDS),
    /** Most sessions that one instance keeps in memory: about 1 KiB each. */
    GATEHOUSE_SESSION_L1_ENTRIES: integer(1, 10_000_000).default(100_000),
    /** How long Redis keeps a session that nobody asks for; it is read from Postgres again when somebody does. */
    GATEHOUSE_SESSION_L2_TTL_SECONDS: integer(1, 366 * DAY_SECONDS).default(DAY_SECONDS),
    /** How often each instance proves that it hears of every revocation. */
    GATEHOUSE_SESSION_HEARTBEAT_MS: integer(10, 60_000).default(250),
    /** Longest time that a revoked session can still be accepted when messages are lost. */
    GATEHOUSE_SESSION_STALENESS_BOUND_MS: integer(20, 60_000).default(1_000),
    /** Name of the cookie that the edge accepts a session token in. */
    GATEHOUSE_SESSION_COOKIE: z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'must be a cookie name (RFC 6265, section 4.1.1)')
      .default('gatehouse_session'),
  })
  .refine(
    (config) =>
      config.GATEHOUSE_SESSION_STALENESS_BOUND_MS >= config.GATEHOUSE_SESSION_HEARTBEAT_MS * HEARTBEATS_IN_BOUND_MIN,
    {
      path: ['GATEHOUSE_SESSION_STALENESS_BOUND_MS'],
      message: 'must be at least three heartbeats',
    },
  );

export type Config = z.output<typeof variables>;

/** Reads the configuration; throws one error that names every variable that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  return parseConfig(variables, env);
}
