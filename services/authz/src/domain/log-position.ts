import { Failure } from '@gatehouse/failure';

/** A place in the log of changes: those of the transactions that a snapshot of Postgres had seen. */
export interface LogPosition {
  /**
   * Which past of which database: 16 hexadecimal digits of its system identifier, 8 of its timeline. A failover or a restore
   * begins another, in which transactions that were seen may not have happened.
   */
  readonly history: string;
  /** Every transaction before this one had ended. */
  readonly xmin: bigint;
  /** No transaction from this one on had ended. */
  readonly xmax: bigint;
  /** The transactions between the two that had not, in ascending order. */
  readonly running: readonly bigint[];
}

/** Where the log begins and ends at a moment. */
export interface LogExtent {
  readonly position: LogPosition;
  /** Changes of transactions up to this one may have been swept. */
  readonly sweptThrough: bigint;
}

/** More running transactions than this are not told apart: what comes after the oldest of them is then told again. */
export const RUNNING_MAX = 500;

const SNAPSHOT = /^([0-9]{1,20}):([0-9]{1,20}):([0-9,]*)$/;

/** Reads Postgres's text of a snapshot: `xmin:xmax:running,running`. */
export function parseSnapshot(history: string, snapshot: string): LogPosition {
  const [, xmin, xmax, running] = SNAPSHOT.exec(snapshot) ?? [];
  if (xmin === undefined || xmax === undefined) throw new Error(`"${snapshot}" is no snapshot.`);
  const between = running ? running.split(',').map(BigInt) : [];
  return { history, xmin: BigInt(xmin), xmax: BigInt(xmax), running: between };
}

/** Postgres's text of the snapshot. */
export function formatSnapshot({ xmin, xmax, running }: LogPosition): string {
  return `${xmin}:${xmax}:${running.join(',')}`;
}

/**
 * Throws when what came after the position can't all be told: Failure `precondition` RESUME_TOKEN_EXPIRED, or `invalid`
 * RESUME_TOKEN_INVALID for a position that the log has not reached.
 */
export function assertReadable(after: LogPosition, { position, sweptThrough }: LogExtent): void {
  if (after.history !== position.history) throw resumeTokenExpired('The database has failed over or was restored.');
  if (after.xmax > position.xmax) throw resumeTokenInvalid('It is of a state that the database has not reached.');
  if (after.xmin <= sweptThrough) throw resumeTokenExpired('What has changed since then is not kept any more.');
}

/** There is no telling what has changed since. */
export function resumeTokenExpired(why: string): Failure {
  return new Failure('precondition', 'RESUME_TOKEN_EXPIRED', `Begin anew, without a token. ${why}`);
}

/** The token is none that this service has given. */
export function resumeTokenInvalid(why: string): Failure {
  return new Failure('invalid', 'RESUME_TOKEN_INVALID', `The resume token is not valid. ${why}`, {
    fields: [{ field: 'resume_token', description: 'is not a valid resume token' }],
  });
}
