import { z } from 'zod';

/** The environment does not say what the process needs. Each line names a variable and what is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads typed settings from environment variables. Variables that are set but empty count as not set. Throws one
 * ConfigError that names every wrong variable, and never a value: values can be secrets.
 */
export function parseConfig<S extends z.ZodType>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): z.output<S> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(set);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${issue.path.join('.') || 'environment'}: ${issue.message}`);
  throw new ConfigError(`The configuration is not usable:\n${lines.join('\n')}`);
}

/** `host:port`; an IPv6 host stands in brackets. */
export const hostPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'must be host:port')
  .transform((value) => {
    const colon = value.lastIndexOf(':');
    return { host: value.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(value.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65_535, 'must have a port of at most 65535');

export type HostPort = z.output<typeof hostPort>;

/** A whole number from `min` to `max`, written in decimal. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

/** `postgres://…`. */
export const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL');

/** `redis://…`, `rediss://…`, or either with `+sentinel` or `+cluster` behind the scheme. */
export const redisUrl = z.string().regex(/^rediss?(\+(sentinel|cluster))?:\/\//, 'must be a redis:// URL');

/** What each service reads, whatever else it needs. */
export const serviceVariables = {
  /** Where the gRPC server listens; port 0 takes a free one. */
  GATEHOUSE_LISTEN: hostPort,
  /** Where /metrics, /livez and /readyz are served. */
  GATEHOUSE_ADMIN_LISTEN: hostPort,
  /** Certificate files in PEM: the authorities to trust, the own chain, and its key. */
  GATEHOUSE_TLS_CA: z.string(),
  GATEHOUSE_TLS_CERT: z.string(),
  GATEHOUSE_TLS_KEY: z.string(),
  /** Trust domain of the SPIFFE ids that peers present. */
  GATEHOUSE_TRUST_DOMAIN: z
    .string()
    .regex(/^[a-z0-9._-]{1,255}$/, 'must be a SPIFFE trust domain name')
    .default('gatehouse.local'),
  GATEHOUSE_LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  /** Tells instances of one service apart in logs. */
  GATEHOUSE_INSTANCE: z.string().max(128).default('0'),
  /** Most milliseconds from the first signal to the end of the process. */
  GATEHOUSE_DRAIN_BUDGET_MS: integer(0, 600_000).default(10_000),
  /** Milliseconds to stay up as NOT_SERVING, so that load balancers see it, before connections are drained. */
  GATEHOUSE_DRAIN_DELAY_MS: integer(0, 60_000).default(0),
  /** Whether gRPC reflection is served. */
  GATEHOUSE_REFLECTION: z.enum(['on', 'off']).default('off'),
  /** Most Postgres connections of this process. */
  GATEHOUSE_POSTGRES_CONNECTIONS: integer(1, 1000).default(10),
  /** Most milliseconds that getting a connection to Postgres may take, opening it included. */
  GATEHOUSE_POSTGRES_CONNECT_TIMEOUT_MS: integer(10, 600_000).default(2_000),
  /** Most milliseconds that one statement may take; a call that ends before cancels its statement sooner. */
  GATEHOUSE_POSTGRES_STATEMENT_TIMEOUT_MS: integer(10, 600_000).default(5_000),
} as const;

/** What each service that has a Redis reads besides its URL. */
export const redisVariables = {
  /** Most milliseconds that one command of Redis may take before it is taken not to answer. */
  GATEHOUSE_REDIS_COMMAND_TIMEOUT_MS: integer(10, 600_000).default(250),
} as const;
