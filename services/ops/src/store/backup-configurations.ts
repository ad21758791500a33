import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';

const NOTE_SUCCESS = statement(
  'ops.note-backup-success',
  `update ops.backup_configurations set last_successful_backup = $1::timestamptz, last_backup_size_bytes = $2::bigint,
     consecutive_failures = 0, updated_at = $1::timestamptz where backup_name = 'on-demand'`,
);
const NOTE_FAILURE = statement(
  'ops.note-backup-failure',
  `update ops.backup_configurations set consecutive_failures = consecutive_failures + 1, updated_at = $1::timestamptz
   where backup_name = 'on-demand'`,
);
const LAST_SUCCESS = statement<{ at: Date | null }>(
  'ops.find-last-successful-backup',
  'select max(last_successful_backup) as at from ops.backup_configurations',
);

/** Notes that a backup has been made. */
export async function noteBackupSuccess(tx: Transaction, at: Date, sizeBytes: bigint): Promise<void> {
  await tx.query(NOTE_SUCCESS, [at, sizeBytes]);
}

/** Notes that a backup has failed. */
export async function noteBackupFailure(tx: Transaction, at: Date): Promise<void> {
  await tx.query(NOTE_FAILURE, [at]);
}

/** When the last backup that succeeded was completed; undefined when there is none. */
export async function findLastSuccessfulBackup(db: Queryable): Promise<Date | undefined> {
  const [row] = await db.query(LAST_SUCCESS);
  return row?.at ?? undefined;
}
