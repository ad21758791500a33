import { Failure } from '@gatehouse/failure';
import type { Requester, RunStatus } from './run.ts';

/** One restore drill. */
export interface RestoreDrill {
  readonly id: string;
  readonly backupId: string;
  readonly status: RunStatus;
  /** When it was asked for. */
  readonly startedAt: Date;
  readonly completedAt: Date | undefined;
  readonly witnessUserIds: readonly string[];
  /** What it found; undefined until it has completed. */
  readonly result: DrillResult | undefined;
  readonly errorMessage: string | undefined;
  readonly requester: Requester;
}

/** What a restored database held. */
export interface RestoredContents {
  /** Rows by table, such as `identity.users`. */
  readonly rowCounts: Readonly<Record<string, number>>;
  readonly foundUserIds: readonly string[];
  readonly missingUserIds: readonly string[];
}

/** What a completed drill found. */
export interface DrillResult extends RestoredContents {
  /** From the start of the restore to the first answered query. */
  readonly recoveryTimeMs: number;
  /** Time of the last transaction that was replayed; undefined when the WAL held none. */
  readonly restoredUntil: Date | undefined;
}

const LOG_AND_SEGMENT_DIGITS = 16;

/**
 * Refuses a restore that ended before the newest WAL segment that the archive held when it began. Postgres takes a
 * segment that it can't fetch for the end of the WAL, and then opens a database that lacks what came after.
 */
export function checkReplayed(replayedSegment: string | undefined, newestArchived: string | undefined): void {
  if (newestArchived === undefined) return;
  // The first eight digits are the timeline, and a restored cluster has begun one of its own.
  const reached = (replayedSegment ?? '').slice(-LOG_AND_SEGMENT_DIGITS);
  if (reached >= newestArchived.slice(-LOG_AND_SEGMENT_DIGITS)) return;
  throw new Failure(
    'precondition',
    'RESTORE_INCOMPLETE',
    `The archive holds WAL up to ${newestArchived}, but its replay ended at ${replayedSegment ?? 'the backup itself'}.`,
  );
}

export function restoreDrillNotFound(): Failure {
  return new Failure('missing', 'RESTORE_DRILL_NOT_FOUND', 'There is no such restore drill.');
}

export function restoreDrillInProgress(): Failure {
  return new Failure('precondition', 'RESTORE_DRILL_IN_PROGRESS', 'Another restore drill has not ended.');
}
