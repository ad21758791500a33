import { statement, type Transaction } from '@gatehouse/postgres';
import { type Backup, type BackupSet, fullLabelOf } from '../domain/backup.ts';

const INSERT = statement(
  'ops.insert-recovery-point',
  `insert into ops.recovery_points (id, recovery_point_name, lsn, created_at, full_backup_id, wal_backup_ids,
     database_size_bytes, recovery_type, created_by)
   values ($1::uuid, $2::varchar, $3::pg_lsn, $4::timestamptz,
     (select id from ops.backup_execution_log where label = $5::varchar order by id limit 1),
     array(select id from ops.backup_execution_log where label = any($6::varchar[]) order by id),
     $7::bigint, 'backup', $8::uuid)
   on conflict (recovery_point_name) do nothing`,
);
const VERIFY = statement(
  'ops.verify-recovery-point',
  `update ops.recovery_points
   set is_verified = $2::boolean, verification_date = $3::timestamptz, recovery_test_date = $3::timestamptz
   where recovery_point_name = $1::varchar`,
);

/** Stores the point to which a completed backup can restore. */
export async function insertRecoveryPoint(
  tx: Transaction,
  id: string,
  { requester }: Backup,
  set: BackupSet,
  createdAt: Date,
): Promise<void> {
  const full = fullLabelOf(set.label);
  const others = set.references.filter((label) => label !== full);
  const point = [id, set.label, set.lsnStop ?? null, createdAt, full, others];
  await tx.query(INSERT, [...point, set.sizeBytes, requester.actor?.userId ?? null]);
}

/** Notes whether a restore drill could restore the backup with this label. */
export async function updateRecoveryPointVerified(
  tx: Transaction,
  label: string,
  isVerified: boolean,
  at: Date,
): Promise<void> {
  await tx.query(VERIFY, [label, isVerified, at]);
}
