import { Failure } from '@gatehouse/failure';
import type { Requester, RunError, RunStatus } from './run.ts';

/** What a backup holds: all files, what changed since the last full backup, or since the last one of any type. */
export type BackupType = 'full' | 'differential' | 'incremental';

/** One backup. */
export interface Backup {
  readonly id: string;
  readonly type: BackupType;
  readonly status: RunStatus;
  /** When it was asked for. */
  readonly startedAt: Date;
  readonly completedAt: Date | undefined;
  /** What pgBackRest calls it, such as `20261120-184500F`. */
  readonly label: string | undefined;
  readonly sizeBytes: bigint | undefined;
  readonly compressedSizeBytes: bigint | undefined;
  readonly walStart: string | undefined;
  readonly walStop: string | undefined;
  readonly errorMessage: string | undefined;
  readonly requester: Requester;
}

/** A backup as pgBackRest's repository lists it. */
export interface BackupSet {
  readonly label: string;
  readonly type: BackupType;
  /** Labels of the backups besides this one that a restore of it needs. */
  readonly references: readonly string[];
  /** Id of the row that it was made for; undefined when somebody else made it. */
  readonly backupId: string | undefined;
  /** The repository in which it lies, from 1. */
  readonly repository: number;
  readonly sizeBytes: bigint;
  /** What the repository holds for a restore of it. */
  readonly compressedSizeBytes: bigint;
  readonly walStart: string;
  readonly walStop: string;
  /** Where in the WAL it ends; undefined when pgBackRest does not say. */
  readonly lsnStop: string | undefined;
  readonly durationSeconds: number;
  /** Whether pgBackRest found pages in it whose checksums are wrong: then it was the cluster that was damaged. */
  readonly hasDamagedPages: boolean;
  /** The newest WAL segment that can be replayed on top of it; undefined when the archive holds none. */
  readonly newestSegment: string | undefined;
}

/** What is told of a backup that was made all the same, so that it is found out while there are better ones. */
export const DAMAGED_PAGES: RunError = {
  code: 'DAMAGED_PAGES',
  message: 'It holds pages with wrong checksums, which says that the cluster itself is damaged.',
};

/** The label of the full backup that a backup builds on: its own when it is one. */
export function fullLabelOf(label: string): string {
  return label.split('_')[0] ?? label;
}

export function backupNotFound(): Failure {
  return new Failure('missing', 'BACKUP_NOT_FOUND', 'There is no such backup.');
}

export function backupInProgress(): Failure {
  return new Failure('precondition', 'BACKUP_IN_PROGRESS', 'Another backup has not ended.');
}

export function backupNotCompleted({ status }: Backup): Failure {
  return new Failure('precondition', 'BACKUP_NOT_COMPLETED', `The backup is ${status}: there is nothing to restore.`);
}

export function pgBackRestNotConfigured(why: string): Failure {
  return new Failure('precondition', 'PGBACKREST_NOT_CONFIGURED', why);
}
