import { Failure } from '@gatehouse/failure';

/** Reason of every Failure that stands for a Redis that does not do its work. */
export const REDIS_UNAVAILABLE = 'REDIS_UNAVAILABLE';

/** What kept Redis from answering: no answer in time, no connection, or an answer that says it can't at the moment. */
export type RedisCondition = 'TIMEOUT' | 'CLOSED' | 'REFUSED';

/** What the client's own timeouts say, and ours. */
export const COMMAND_TIMED_OUT = 'Command timed out';

/** First words of replies that mean a mistake in a command of ours: those stay what they are and rise as bugs. */
const MISTAKES = new Set(['ERR', 'WRONGTYPE', 'CROSSSLOT', 'NOSCRIPT', 'NOPROTO', 'EXECABORT', 'BUSYGROUP', 'NOGROUP']);

/** First words of replies with which a server says that it takes no writes at the moment. */
const WRITE_REFUSALS = new Set(['OOM', 'MISCONF', 'READONLY', 'NOREPLICAS']);

/**
 * Turns what the Redis client rejects with into Failure('unavailable', 'REDIS_UNAVAILABLE') with
 * `metadata.condition`. A reply that points at a wrong command is returned as it is.
 */
export function redisFailure(error: Error): Error {
  if (error instanceof Failure) return error;
  withoutArguments(error);
  if (isMistake(error)) return error;
  const metadata = { condition: conditionOf(error) };
  return new Failure('unavailable', REDIS_UNAVAILABLE, 'Redis does not answer.', { metadata, cause: error });
}

/**
 * Takes away the command that the client hangs on its errors, and on those within them: its arguments can be a password
 * or personal data, and errors are logged whole.
 */
export function withoutArguments(error: Error): Error {
  Reflect.deleteProperty(error, 'command');
  const inner: unknown = Reflect.get(error, 'lastNodeError');
  if (inner instanceof Error) withoutArguments(inner);
  return error;
}

/** The condition that a Failure of Redis carries, if it is one. */
export function redisCondition(error: unknown): RedisCondition | undefined {
  if (!(error instanceof Failure) || error.reason !== REDIS_UNAVAILABLE) return undefined;
  const condition = error.metadata.condition;
  return condition === 'TIMEOUT' || condition === 'REFUSED' ? condition : 'CLOSED';
}

/** Whether a Failure of Redis says that the server takes no writes at the moment. */
export function refusesWrites(failure: Error): boolean {
  return isReply(failure.cause) && WRITE_REFUSALS.has(firstWord(failure.cause));
}

function isMistake(error: unknown): boolean {
  return isReply(error) && MISTAKES.has(firstWord(error));
}

function firstWord({ message }: Error): string {
  return message.split(' ', 1)[0] ?? '';
}

function conditionOf(error: unknown): RedisCondition {
  if (isReply(error)) return 'REFUSED';
  return error instanceof Error && error.message === COMMAND_TIMED_OUT ? 'TIMEOUT' : 'CLOSED';
}

function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}
