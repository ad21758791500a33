import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Names under which a secret could reach a log line by mistake. */
const SECRET_NAMES = ['password', 'sessionToken', 'refreshToken', 'token', 'authorization', 'cookie', 'secret', 'key'];

/** What names the lines of one process. */
export interface LoggerOptions {
  readonly service: string;
  /** pino's level names, or `silent`. */
  readonly level: string;
  /** Tells instances of one service apart. */
  readonly instance: string;
}

/** One JSON line an event, on standard output, with ISO 8601 times. Fields with a secret's name are masked. */
export function createLogger({ service, level, instance }: LoggerOptions): Logger {
  return pino({
    level,
    base: { service, instance },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
  });
}

/** A logger that says nothing, for tests and tools. */
export const silentLogger: Logger = pino({ level: 'silent' });
