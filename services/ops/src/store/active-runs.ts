import { type Queryable, statement } from '@gatehouse/postgres';
import type { Requester, RunKind, RunStatus } from '../domain/run.ts';

/** A backup or drill that has not ended. */
export interface ActiveRun {
  readonly kind: RunKind;
  readonly id: string;
  readonly status: RunStatus;
  readonly requester: Requester;
}

const FIND = statement<{ kind: RunKind; id: string; status: RunStatus; requester: Requester }>(
  'ops.find-active-runs',
  `select 'run-backup' as kind, id, status, requester
   from ops.backup_execution_log where status in ('pending', 'running')
   union all
   select 'run-restore-drill', id, status, requester
   from ops.restore_drills where status in ('pending', 'running')`,
);

/** What has not ended: at most one run of each kind. */
export async function findActiveRuns(db: Queryable): Promise<ActiveRun[]> {
  return await db.query(FIND);
}
