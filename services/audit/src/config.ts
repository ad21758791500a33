import { postgresUrl } from '@gatehouse/postgres/url';
import { parseConfig, secretKeys, serviceAddress, serviceVariables } from '@gatehouse/process';
import { z } from 'zod';

const variables = z.object({
  ...serviceVariables,
  GATEHOUSE_AUDIT_POSTGRES_URL: postgresUrl,
  /**
   * Secret keys that requests with an idempotency key are digested with, as `id:key,id:key`. The first one digests what is new;
   * one that leaves the front stays for 24 hours, as long as digests live.
   */
  GATEHOUSE_AUDIT_SECRET_KEYS: secretKeys,
  /** Where acting users are recognised. */
  GATEHOUSE_SESSION_ADDRESS: serviceAddress,
  /** Where their permissions are checked. */
  GATEHOUSE_AUTHZ_ADDRESS: serviceAddress,
});

export type Config = z.output<typeof variables>;

/** Reads the configuration; throws one error that names every variable that is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  return parseConfig(variables, env);
}
