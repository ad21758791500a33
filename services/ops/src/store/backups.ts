import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { type Backup, type BackupSet, type BackupType, backupInProgress, DAMAGED_PAGES } from '../domain/backup.ts';
import { type Requester, type RunError, type RunStatus, requestedBy } from '../domain/run.ts';

interface BackupRow {
  id: string;
  backup_type: BackupType;
  status: RunStatus;
  started_at: Date;
  completed_at: Date | null;
  label: string | null;
  backup_size_bytes: bigint | null;
  compressed_size_bytes: bigint | null;
  wal_start: string | null;
  wal_stop: string | null;
  error_message: string | null;
  requester: Requester;
}

const COLUMNS = `id, backup_type, status, started_at, completed_at, label, backup_size_bytes, compressed_size_bytes,
  wal_start, wal_stop, error_message, requester`;

// A row without an id: the backup was not stored, because another has not ended.
const INSERT = statement<BackupRow | { id: null }>(
  'ops.insert-backup',
  `with configuration as (select id from ops.backup_configurations where backup_name = 'on-demand'),
   inserted as (
     insert into ops.backup_execution_log (id, backup_config_id, backup_type, status, started_at, execution_date,
       requested_by, requester)
     select $1::uuid, id, $2::varchar, 'pending', $3::timestamptz, ($3::timestamptz at time zone 'UTC')::date,
       $4::varchar, $5::jsonb
     from configuration
     on conflict ((true)) where status in ('pending', 'running') do nothing returning ${COLUMNS}
   )
   select inserted.* from configuration left join inserted on true`,
);
const FIND = statement<BackupRow>(
  'ops.find-backup',
  `select ${COLUMNS} from ops.backup_execution_log where id = $1::uuid`,
);
const CLAIM = statement<BackupRow>(
  'ops.claim-backup',
  `update ops.backup_execution_log set status = 'running', retry_count = $2::integer
   where id = $1::uuid and status in ('pending', 'running') returning ${COLUMNS}`,
);
const COMPLETE = statement<BackupRow>(
  'ops.complete-backup',
  `update ops.backup_execution_log set status = 'completed', completed_at = $2::timestamptz, backup_type = $3::varchar,
     label = $4::varchar, backup_location = $5::text, backup_size_bytes = $6::bigint, compressed_size_bytes = $7::bigint,
     compression_ratio = $6::numeric / nullif($7::numeric, 0), wal_start = $8::varchar, wal_stop = $9::varchar,
     duration_seconds = $10::integer, throughput_mbps = $6::numeric / 1000000 / nullif($10::numeric, 0),
     error_code = $11::varchar, error_message = $12::text
   where id = $1::uuid and status in ('pending', 'running') returning ${COLUMNS}`,
);
const FAIL = statement<BackupRow>(
  'ops.fail-backup',
  `update ops.backup_execution_log
   set status = 'failed', completed_at = $2::timestamptz, error_code = $3::varchar, error_message = $4::text
   where id = $1::uuid and status in ('pending', 'running') returning ${COLUMNS}`,
);
const VERIFY = statement(
  'ops.verify-backup',
  `update ops.backup_execution_log
   set verification_status = $2::varchar, verification_completed_at = $3::timestamptz where id = $1::uuid`,
);

/** Stores a backup that is to be made. Throws Failure `precondition` BACKUP_IN_PROGRESS while another has not ended. */
export async function insertBackup(
  tx: Transaction,
  { id, type, startedAt, requester }: Pick<Backup, 'id' | 'type' | 'startedAt' | 'requester'>,
): Promise<Backup> {
  const [row] = await tx.query(INSERT, [id, type, startedAt, requestedBy(requester), JSON.stringify(requester)]);
  if (!row) throw new Error('ops.backup_configurations has no row for backups on demand.');
  if (row.id === null) throw backupInProgress();
  return toBackup(row);
}

/** The backup with this id. */
export async function findBackup(db: Queryable, id: string): Promise<Backup | undefined> {
  const [row] = await db.query(FIND, [id]);
  return row && toBackup(row);
}

/** Marks a backup that has not ended as running, for the `retries`-th time after the first. Undefined when it has ended. */
export async function claimBackup(db: Queryable, id: string, retries: number): Promise<Backup | undefined> {
  const [row] = await db.query(CLAIM, [id, retries]);
  return row && toBackup(row);
}

/** Marks a backup that has not ended as completed. Undefined when it has ended. */
export async function updateBackupCompleted(
  tx: Transaction,
  id: string,
  completedAt: Date,
  set: BackupSet,
): Promise<Backup | undefined> {
  const { label, repository, walStart, walStop } = set;
  const location = `repo${repository}:backup/${label}`;
  const sizes = [set.sizeBytes, set.compressedSizeBytes];
  const damage = set.hasDamagedPages ? [DAMAGED_PAGES.code, DAMAGED_PAGES.message] : [null, null];
  const values = [id, completedAt, set.type, label, location, ...sizes, walStart, walStop, set.durationSeconds];
  const [row] = await tx.query(COMPLETE, [...values, ...damage]);
  return row && toBackup(row);
}

/** Marks a backup that has not ended as failed. Undefined when it has ended. */
export async function updateBackupFailed(
  tx: Transaction,
  id: string,
  completedAt: Date,
  { code, message }: RunError,
): Promise<Backup | undefined> {
  const [row] = await tx.query(FAIL, [id, completedAt, code, message]);
  return row && toBackup(row);
}

/** Notes what a restore drill has shown of a backup. */
export async function updateBackupVerified(
  tx: Transaction,
  id: string,
  status: 'restored' | 'failed',
  at: Date,
): Promise<void> {
  await tx.query(VERIFY, [id, status, at]);
}

function toBackup(row: BackupRow): Backup {
  return {
    id: row.id,
    type: row.backup_type,
    status: row.status,
    startedAt: row.started_at,
    completedAt: row.completed_at ?? undefined,
    label: row.label ?? undefined,
    sizeBytes: row.backup_size_bytes ?? undefined,
    compressedSizeBytes: row.compressed_size_bytes ?? undefined,
    walStart: row.wal_start ?? undefined,
    walStop: row.wal_stop ?? undefined,
    errorMessage: row.error_message ?? undefined,
    requester: row.requester,
  };
}
