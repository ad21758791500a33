import { Failure } from '@gatehouse/failure';
import pg from 'pg';
import { UnreadableReply } from './unreadable-reply.ts';

const FOREIGN_KEY_VIOLATION = '23503';
const READ_ONLY = '25006';
const STATEMENT_TIMEOUT = '57014';
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNKNOWN_STATEMENT = '26000';
const IDLE_IN_TRANSACTION_TIMEOUT = '25P03';

/** Lost connections; resources used up, connections among them; shut down or told to stop; disks that fail. */
const UNAVAILABLE_CLASSES = ['08', '53', '57', '58'];

/** Data that is none; violated constraints; limits of the program. */
const REFUSAL_CLASSES = ['22', '23', '54'];

/** Whether an error is the violation of the foreign key with this name. */
export function isForeignKeyViolation(error: unknown, constraint: string): boolean {
  return codeOf(error) === FOREIGN_KEY_VIOLATION && constraintOf(error) === constraint;
}

/**
 * Whether Postgres refuses what it was given for what it is, and so will whenever it is tried: a value that is none, a
 * constraint that it violates, or a limit of the server.
 */
export function isRefusedForGood(error: unknown): boolean {
  return REFUSAL_CLASSES.includes((codeOf(error) ?? '').slice(0, 2));
}

/** The SQLSTATE of an error that Postgres answered, else undefined. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Whether the same transaction may succeed when it is run again. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  return code === SERIALIZATION_FAILURE || code === DEADLOCK || isStale(error);
}

/**
 * Whether a connection has prepared statements that the server no longer takes: a migration changed what they return,
 * or something between deallocated them. The statement did nothing and a new connection runs it.
 */
export function isStale(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  return error.code === UNKNOWN_STATEMENT || error.routine === 'RevalidateCachedQuery';
}

/** Whether every connection of a pool leads to a server that must not be used any longer. */
export function isDemoted(error: unknown): boolean {
  return codeOf(error) === READ_ONLY;
}

/** Whether the server ends the session with this answer. The connection may look well for a moment longer. */
export function endsSession(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return code.startsWith('57P') || code.startsWith('08') || code === IDLE_IN_TRANSACTION_TIMEOUT;
}

/** The Failure that a caller gets when Postgres can't be used. */
export function unavailable(message: string, cause?: unknown): Failure {
  return new Failure('unavailable', 'POSTGRES_UNAVAILABLE', message, { cause });
}

/** The Failure of a transaction that lost against others as often as it may. */
export function conflict(cause: unknown): Failure {
  return new Failure('conflict', 'TRANSACTION_CONFLICT', 'The transaction conflicted with others; try again.', {
    cause,
  });
}

/**
 * What the caller of a statement gets: a Failure where Postgres can't be used, else the error as it came, with the
 * statement's name, and without the detail, which quotes rows.
 */
export function translate(error: unknown, statementName: string): unknown {
  if (error instanceof UnreadableReply) {
    return unavailable(`Postgres answered ${statementName} with what can not be understood.`, error);
  }
  if (!(error instanceof pg.DatabaseError)) return error;
  error.detail = undefined;
  if (!('statement' in error)) Object.assign(error, { statement: statementName });
  if (error.code === STATEMENT_TIMEOUT) {
    return unavailable(`Postgres did not finish ${statementName} in time.`, error);
  }
  const code = error.code ?? '';
  if (code === READ_ONLY || endsSession(error) || UNAVAILABLE_CLASSES.includes(code.slice(0, 2))) {
    return unavailable('Postgres is not available.', error);
  }
  return error;
}

function constraintOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.constraint : undefined;
}
