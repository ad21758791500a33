import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { type DrillResult, type RestoreDrill, restoreDrillInProgress } from '../domain/restore-drill.ts';
import { type Requester, type RunError, type RunStatus, requestedBy } from '../domain/run.ts';

interface RestoreDrillRow {
  id: string;
  backup_execution_id: string;
  status: RunStatus;
  started_at: Date;
  completed_at: Date | null;
  recovery_time_ms: bigint | null;
  row_counts: Record<string, number> | null;
  witness_user_ids: string[];
  found_witness_ids: string[];
  missing_witness_ids: string[];
  restored_until: Date | null;
  error_message: string | null;
  requester: Requester;
}

const COLUMNS = `id, backup_execution_id, status, started_at, completed_at, recovery_time_ms, row_counts,
  witness_user_ids, found_witness_ids, missing_witness_ids, restored_until, error_message, requester`;

const INSERT = statement<RestoreDrillRow>(
  'ops.insert-restore-drill',
  `insert into ops.restore_drills (id, backup_execution_id, status, started_at, witness_user_ids, requested_by, requester)
   values ($1::uuid, $2::uuid, 'pending', $3::timestamptz, $4::uuid[], $5::varchar, $6::jsonb)
   on conflict ((true)) where status in ('pending', 'running') do nothing returning ${COLUMNS}`,
);
const FIND = statement<RestoreDrillRow>(
  'ops.find-restore-drill',
  `select ${COLUMNS} from ops.restore_drills where id = $1::uuid`,
);
const CLAIM = statement<RestoreDrillRow>(
  'ops.claim-restore-drill',
  `update ops.restore_drills set status = 'running', retry_count = $2::integer
   where id = $1::uuid and status in ('pending', 'running') returning ${COLUMNS}`,
);
const COMPLETE = statement<RestoreDrillRow>(
  'ops.complete-restore-drill',
  `update ops.restore_drills set status = 'completed', completed_at = $2::timestamptz, recovery_time_ms = $3::bigint,
     row_counts = $4::jsonb, found_witness_ids = $5::uuid[], missing_witness_ids = $6::uuid[],
     restored_until = $7::timestamptz
   where id = $1::uuid and status in ('pending', 'running') returning ${COLUMNS}`,
);
const FAIL = statement<RestoreDrillRow>(
  'ops.fail-restore-drill',
  `update ops.restore_drills
   set status = 'failed', completed_at = $2::timestamptz, error_code = $3::varchar, error_message = $4::text
   where id = $1::uuid and status in ('pending', 'running') returning ${COLUMNS}`,
);
const FIND_ENDED = statement<{ id: string }>(
  'ops.find-ended-restore-drills',
  `select id from ops.restore_drills where status in ('completed', 'failed') and right(id::text, 12) = any($1::text[])`,
);

/** Stores a drill that is to be carried out. Throws Failure `precondition` RESTORE_DRILL_IN_PROGRESS while another runs. */
export async function insertRestoreDrill(
  tx: Transaction,
  drill: Pick<RestoreDrill, 'id' | 'backupId' | 'startedAt' | 'witnessUserIds' | 'requester'>,
): Promise<RestoreDrill> {
  const { id, backupId, startedAt, witnessUserIds, requester } = drill;
  const who = [requestedBy(requester), JSON.stringify(requester)];
  const [row] = await tx.query(INSERT, [id, backupId, startedAt, witnessUserIds, ...who]);
  if (!row) throw restoreDrillInProgress();
  return toRestoreDrill(row);
}

/** The drill with this id. */
export async function findRestoreDrill(db: Queryable, id: string): Promise<RestoreDrill | undefined> {
  const [row] = await db.query(FIND, [id]);
  return row && toRestoreDrill(row);
}

/** Marks a drill that has not ended as running, for the `retries`-th time after the first. Undefined when it has ended. */
export async function claimRestoreDrill(db: Queryable, id: string, retries: number): Promise<RestoreDrill | undefined> {
  const [row] = await db.query(CLAIM, [id, retries]);
  return row && toRestoreDrill(row);
}

/** Marks a drill that has not ended as completed. Undefined when it has ended. */
export async function updateRestoreDrillCompleted(
  tx: Transaction,
  id: string,
  completedAt: Date,
  result: DrillResult,
): Promise<RestoreDrill | undefined> {
  const { recoveryTimeMs, rowCounts, foundUserIds, missingUserIds, restoredUntil = null } = result;
  const found = [JSON.stringify(rowCounts), foundUserIds, missingUserIds, restoredUntil];
  const [row] = await tx.query(COMPLETE, [id, completedAt, recoveryTimeMs, ...found]);
  return row && toRestoreDrill(row);
}

/** Marks a drill that has not ended as failed. Undefined when it has ended. */
export async function updateRestoreDrillFailed(
  tx: Transaction,
  id: string,
  completedAt: Date,
  { code, message }: RunError,
): Promise<RestoreDrill | undefined> {
  const [row] = await tx.query(FAIL, [id, completedAt, code, message]);
  return row && toRestoreDrill(row);
}

/** Ids of the drills that have ended and whose last twelve digits are among these. */
export async function findEndedRestoreDrills(db: Queryable, lastDigits: readonly string[]): Promise<string[]> {
  const rows = await db.query(FIND_ENDED, [lastDigits]);
  return rows.map(({ id }) => id);
}

function toRestoreDrill(row: RestoreDrillRow): RestoreDrill {
  return {
    id: row.id,
    backupId: row.backup_execution_id,
    status: row.status,
    startedAt: row.started_at,
    completedAt: row.completed_at ?? undefined,
    witnessUserIds: row.witness_user_ids,
    result: row.status === 'completed' ? toResult(row) : undefined,
    errorMessage: row.error_message ?? undefined,
    requester: row.requester,
  };
}

function toResult(row: RestoreDrillRow): DrillResult {
  return {
    recoveryTimeMs: Number(row.recovery_time_ms ?? 0n),
    rowCounts: row.row_counts ?? {},
    foundUserIds: row.found_witness_ids,
    missingUserIds: row.missing_witness_ids,
    restoredUntil: row.restored_until ?? undefined,
  };
}
