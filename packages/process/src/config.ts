import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { ConfigError, type SettingProblem } from './config-error.ts';
import { hostPort, integer, readableFile } from './setting.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads typed settings from environment variables. Variables that are set but empty count as not set. Throws one
 * ConfigError that names every wrong variable, and never a value.
 */
export function parseConfig<S extends z.ZodObject>(schema: S, env: Environment): z.output<S> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(set, { error: expectedOf });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => problemOf(issue, schema, set));
  throw new ConfigError([...new Map(problems.map((each) => [each.variable, each])).values()], usableOf(schema, set));
}

function problemOf(issue: z.core.$ZodIssue, { shape }: z.ZodObject, set: Environment): SettingProblem {
  const variable = issue.path.map(String).join('.');
  const isSet = set[variable] !== undefined;
  const { wrong } = (issue.code === 'custom' ? issue.params : undefined) ?? {};
  return {
    variable,
    wrong: typeof wrong === 'string' ? wrong : isSet ? 'is something else' : 'is not set',
    // A variable that is not set fails before its form is looked at, so that a text of no form has to ask for it.
    expected: (issue.code === 'invalid_type' ? expectedBy(shape[variable]) : undefined) ?? issue.message,
  };
}

function expectedBy(type: z.core.$ZodType | undefined): string | undefined {
  return type && z.safeParse(type, '\0', { error: expectedOf }).error?.issues.at(-1)?.message;
}

function usableOf({ shape }: z.ZodObject, set: Environment): Record<string, unknown> {
  const read = Object.entries(shape).map(([name, type]) => [name, z.safeParse(type, set[name])] as const);
  return Object.fromEntries(read.flatMap(([name, { success, data }]) => (success ? [[name, data]] : [])));
}

/** What is expected where a type does not say so itself, without the words of a library. */
function expectedOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `a text of at most ${issue.maximum} characters`;
    case 'too_small':
      return `a text of at least ${issue.minimum} characters`;
    case 'invalid_format':
      return issue.format === 'url' ? 'a URL' : 'a text of another form';
    default:
      return 'a text';
  }
}

const certificates = (what: string) => readableFile(`a file in PEM with ${what}`, (pem) => new X509Certificate(pem));

/** What each service reads, whatever else it needs. */
export const serviceVariables = {
  /** Where the gRPC server listens; port 0 takes a free one. */
  GATEHOUSE_LISTEN: hostPort,
  /** Where /metrics, /livez and /readyz are served. */
  GATEHOUSE_ADMIN_LISTEN: hostPort,
  /** Certificate files in PEM: the authorities to trust, the own chain, and its key. */
  GATEHOUSE_TLS_CA: certificates('the certificates of the authorities to trust'),
  GATEHOUSE_TLS_CERT: certificates("the service's certificate and those between it and the authority"),
  GATEHOUSE_TLS_KEY: readableFile('a file in PEM with the key of the certificate', createPrivateKey),
  /** Trust domain of the SPIFFE ids that peers present. */
  GATEHOUSE_TRUST_DOMAIN: z
    .string()
    .regex(/^[a-z0-9._-]{1,255}$/, 'the name of a SPIFFE trust domain, such as gatehouse.local')
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
