import { postgresUrl } from '@gatehouse/postgres/url';
import {
  across,
  hostPort,
  integer,
  parseConfig,
  redisVariables,
  secretKeys,
  serviceAddress,
  serviceVariables,
} from '@gatehouse/process';
import { HEARTBEATS_IN_BOUND_MIN } from '@gatehouse/redis';
import { redisUrl } from '@gatehouse/redis/url';
import { z } from 'zod';

const DAY_SECONDS = 24 * 60 * 60;

const variables = z
  .object({
    ...serviceVariables,
    ...redisVariables,
    GATEHOUSE_AUTHZ_POSTGRES_URL: postgresUrl,
    /**
     * Secret keys that requests with an idempotency key are digested with, as `id:key,id:key`. The first one digests what is new;
     * one that leaves the front stays for 24 hours, as long as digests live.
     */
    GATEHOUSE_AUTHZ_SECRET_KEYS: secretKeys,
    GATEHOUSE_AUTHZ_REDIS_URL: redisUrl,
    GATEHOUSE_SESSION_ADDRESS: serviceAddress,
    GATEHOUSE_AUDIT_ADDRESS: serviceAddress,
    /** Which checks go to the audit trail: none, those that were denied, or all. */
    GATEHOUSE_AUDIT_DECISIONS: z.enum(['none', 'denied', 'all']).default('denied'),
    /** Where the AuthZEN API is served over HTTP, to peers with a certificate; not at all when it is not set. */
    GATEHOUSE_AUTHZ_HTTP_LISTEN: hostPort.optional(),
    /** URL by which callers know the AuthZEN API, for its metadata; by default the host that a request names. */
    GATEHOUSE_AUTHZ_HTTP_URL: z
      .string()
      .regex(/^https:\/\/[^/?#\s]{1,255}$/, 'https:// and a host, with no path')
      .optional(),
    /** Most users whose grants one instance keeps in memory: about 1 KiB each. */
    GATEHOUSE_AUTHZ_L1_ENTRIES: integer(1, 10_000_000).default(100_000),
    /** How long Redis keeps the grants of a user about whom nobody asks; they are read from Postgres again. */
    GATEHOUSE_AUTHZ_L2_TTL_SECONDS: integer(1, 366 * DAY_SECONDS).default(DAY_SECONDS),
    /** How long the log of changes goes back: a watch that was away for longer begins anew. */
    GATEHOUSE_AUTHZ_CHANGES_RETENTION_HOURS: integer(1, 366 * 24).default(72),
    /** How old `user_role_cache`, which is for reports, may become. 0: it is not refreshed. */
    GATEHOUSE_AUTHZ_USER_ROLE_CACHE_MAX_AGE_SECONDS: integer(0, 7 * DAY_SECONDS).default(900),
    /** How often each instance proves that it hears of every change. */
    GATEHOUSE_AUTHZ_HEARTBEAT_MS: integer(10, 60_000).default(250),
    /** Longest time that a change can go unseen when messages are lost; at least three heartbeats. */
    GATEHOUSE_AUTHZ_STALENESS_BOUND_MS: integer(30, 180_000).default(1_000),
  })
  .refine(
    (config) =>
      config.GATEHOUSE_AUTHZ_STALENESS_BOUND_MS >= config.GATEHOUSE_AUTHZ_HEARTBEAT_MS * HEARTBEATS_IN_BOUND_MIN,
    across(
      ['GATEHOUSE_AUTHZ_STALENESS_BOUND_MS', 'GATEHOUSE_AUTHZ_HEARTBEAT_MS'],
      'at least three times GATEHOUSE_AUTHZ_HEARTBEAT_MS',
    ),
  );

export type Config = z.output<typeof variables>;

/** Reads the configuration; throws one error that names every variable that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  return parseConfig(variables, env);
}
