import { availableParallelism } from 'node:os';
import { postgresUrl } from '@gatehouse/postgres/url';
import { integer, parseConfig, secretKeys, serviceAddress, serviceVariables } from '@gatehouse/process';
import { z } from 'zod';

const schema = z.object({
  ...serviceVariables,
  GATEHOUSE_IDENTITY_POSTGRES_URL: postgresUrl,
  /**
   * Secret keys that requests with an idempotency key are digested with, as `id:key,id:key`. The first one digests what is new;
   * one that leaves the front stays for 24 hours, as long as digests live.
   */
  GATEHOUSE_IDENTITY_SECRET_KEYS: secretKeys,
  /** Where the session service is, as a grpc-js target. */
  GATEHOUSE_SESSION_ADDRESS: serviceAddress,
  /** Where the audit service is, as a grpc-js target. */
  GATEHOUSE_AUDIT_ADDRESS: serviceAddress,
  /** Which refused registrations are recorded; sign-ins always are. */
  GATEHOUSE_AUDIT_DECISIONS: z.enum(['none', 'denied', 'all']).default('denied'),
  /** Most passwords hashed at once, each with a core and 19 MiB; by default as many as the process has cores. */
  GATEHOUSE_IDENTITY_HASH_CONCURRENCY: integer(1, 1024).default(availableParallelism()),
  /** Most callers that wait for their password to be hashed; beyond them HASHING_BUSY is answered. */
  GATEHOUSE_IDENTITY_HASH_QUEUE: integer(0, 100_000).default(64),
});

export type Config = z.output<typeof schema>;

/** Reads the configuration. Throws one ConfigError that names every variable that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  return parseConfig(schema, env);
}
