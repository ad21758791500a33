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
const YEAR_SECONDS = 366 * DAY_SECONDS;
/** Names with commas between. */
const names = z.string().transform((text) => text.split(',').map((name) => name.trim()));

const variables = z
  .object({
    ...serviceVariables,
    ...redisVariables,
    GATEHOUSE_SESSION_POSTGRES_URL: postgresUrl,
    GATEHOUSE_SESSION_REDIS_URL: redisUrl,
    GATEHOUSE_AUTHZ_ADDRESS: serviceAddress,
    GATEHOUSE_AUDIT_ADDRESS: serviceAddress,
    /** Which validations go to the audit trail: none, those that were refused, or all. */
    GATEHOUSE_AUDIT_DECISIONS: z.enum(['none', 'denied', 'all']).default('denied'),
    /** How long a session lives at most. */
    GATEHOUSE_SESSION_LIFETIME_SECONDS: integer(1, YEAR_SECONDS).default(30 * DAY_SECONDS),
    /** How long a session may go without use; 0: no limit unless its creator asks for one. */
    GATEHOUSE_SESSION_IDLE_TIMEOUT_SECONDS: integer(0, YEAR_SECONDS).default(7 * DAY_SECONDS),
    /** Most sessions of one user; the oldest leave. */
    GATEHOUSE_SESSION_PER_USER_MAX: integer(1, 1_000).default(100),
    /** How long the use of sessions is gathered before it is written. */
    GATEHOUSE_SESSION_ACTIVITY_FLUSH_MS: integer(10, 60_000).default(5_000),
    /** How long ago a user may have been active to be online. More than the minute in which use is noted once. */
    GATEHOUSE_SESSION_ONLINE_SECONDS: integer(120, DAY_SECONDS).default(300),
    /** How long a session is kept after it has ended. */
    GATEHOUSE_SESSION_RETENTION_DAYS: integer(0, 3_660).default(30),
    /**
     * Secret keys that vouch for session tokens, that refresh tokens are derived with, signing keys are sealed with and requests
     * with an idempotency key are digested with, as `id:key,id:key`. To rotate, put a new one at the end; once every instance has it, put it in front; leave the old ones
     * until what they made has ended. No instance starts without a key that tokens of live sessions need.
     */
    GATEHOUSE_SESSION_SECRET_KEYS: secretKeys,
    /**
     * Which session tokens are issued and taken. `keyed`: issued with a MAC of the secret keys, and plain ones, without it,
     * are taken as well. `plain`: only plain ones are issued, for as long as instances run that know no others.
     * `keyed-only`: no plain one is taken any more, once the last of them has ended.
     */
    GATEHOUSE_SESSION_TOKEN_FORM: z.enum(['plain', 'keyed', 'keyed-only']).default('keyed'),
    /** How long refresh tokens live; never longer than their session. */
    GATEHOUSE_SESSION_REFRESH_LIFETIME_SECONDS: integer(60, YEAR_SECONDS).default(30 * DAY_SECONDS),
    /** How long a refresh token that was used may be presented once more, to get the same successor. */
    GATEHOUSE_SESSION_REFRESH_GRACE_SECONDS: integer(0, 300).default(30),
    /** Where refresh tokens are kept. */
    GATEHOUSE_SESSION_REFRESH_STORE: z.enum(['postgres', 'dynamodb']).default('postgres'),
    /** Table of refresh tokens, for the store dynamodb. Region and credentials are those of the AWS environment. */
    GATEHOUSE_SESSION_DYNAMODB_TABLE: z.string().min(3).max(255).optional(),
    /** Another endpoint than the region's own. */
    GATEHOUSE_SESSION_DYNAMODB_ENDPOINT: z.url().optional(),
    /** Who issues access tokens: their "iss". */
    GATEHOUSE_SESSION_ISSUER: z.url().default('https://gatehouse.local'),
    /** Whom access tokens may be for, with commas between: their "aud". The first is used when none is asked for. */
    GATEHOUSE_SESSION_AUDIENCES: names.default(['gatehouse']),
    /** How long access tokens live. */
    GATEHOUSE_SESSION_ACCESS_TOKEN_SECONDS: integer(10, 3_600).default(300),
    /** How long a signing key signs. */
    GATEHOUSE_SESSION_SIGNING_KEY_DAYS: integer(1, 366).default(30),
    /** How long verifiers may keep the key set. A key is published for this long before it signs. */
    GATEHOUSE_SESSION_JWKS_MAX_AGE_SECONDS: integer(1, DAY_SECONDS).default(300),
    /** Where forward-auth and the key set are served over HTTP; not at all when it is not set. */
    GATEHOUSE_SESSION_HTTP_LISTEN: hostPort.optional(),
    /** mtls: only peers that access.ts names; tls: anybody who trusts the service's certificate; plaintext: anybody. */
    GATEHOUSE_SESSION_HTTP_TRANSPORT: z.enum(['mtls', 'tls', 'plaintext']).default('mtls'),
    /** Most sessions that one instance keeps in memory: about 1 KiB each. */
    GATEHOUSE_SESSION_L1_ENTRIES: integer(1, 10_000_000).default(100_000),
    /** How long Redis keeps a session that nobody asks for; it is read from Postgres again when somebody does. */
    GATEHOUSE_SESSION_L2_TTL_SECONDS: integer(1, YEAR_SECONDS).default(DAY_SECONDS),
    /** How often each instance proves that it hears of every revocation. */
    GATEHOUSE_SESSION_HEARTBEAT_MS: integer(10, 60_000).default(250),
    /** Longest time that a revoked session can still be accepted when messages are lost. */
    GATEHOUSE_SESSION_STALENESS_BOUND_MS: integer(20, 60_000).default(1_000),
    /** How often each instance revokes a session of its own to measure how soon it is refused; 0: never. */
    GATEHOUSE_SESSION_CANARY_MS: integer(0, 60_000).default(1_000),
    /** Name of the cookie that the edge accepts a session token in. */
    GATEHOUSE_SESSION_COOKIE: z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'a cookie name (RFC 6265, section 4.1.1)')
      .default('__Host-gatehouse_session'),
  })
  .refine(
    (config) =>
      config.GATEHOUSE_SESSION_STALENESS_BOUND_MS >= config.GATEHOUSE_SESSION_HEARTBEAT_MS * HEARTBEATS_IN_BOUND_MIN,
    across(
      ['GATEHOUSE_SESSION_STALENESS_BOUND_MS', 'GATEHOUSE_SESSION_HEARTBEAT_MS'],
      'at least three times GATEHOUSE_SESSION_HEARTBEAT_MS',
    ),
  )
  .refine(
    (config) => config.GATEHOUSE_SESSION_REFRESH_STORE !== 'dynamodb' || config.GATEHOUSE_SESSION_DYNAMODB_TABLE,
    across(['GATEHOUSE_SESSION_DYNAMODB_TABLE', 'GATEHOUSE_SESSION_REFRESH_STORE'], 'a table, for the store dynamodb'),
  );

export type Config = z.output<typeof variables>;

/** What the configuration says of refresh tokens. */
export function refreshSettings(config: Config) {
  return {
    graceMs: config.GATEHOUSE_SESSION_REFRESH_GRACE_SECONDS * 1000,
    lifetimeMs: config.GATEHOUSE_SESSION_REFRESH_LIFETIME_SECONDS * 1000,
    store: config.GATEHOUSE_SESSION_REFRESH_STORE,
    table: config.GATEHOUSE_SESSION_DYNAMODB_TABLE,
    endpoint: config.GATEHOUSE_SESSION_DYNAMODB_ENDPOINT,
  };
}

/** Reads the configuration; throws one error that names every variable that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  return parseConfig(variables, env);
}
