import { RunStatus as Status } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import type { RunStatus } from '../domain/run.ts';

const STATUSES: Readonly<Record<RunStatus, Status>> = {
  pending: Status.RUN_STATUS_PENDING,
  running: Status.RUN_STATUS_RUNNING,
  completed: Status.RUN_STATUS_COMPLETED,
  failed: Status.RUN_STATUS_FAILED,
};

/** How far a run has come, as callers see it. */
export function toRunStatus(status: RunStatus): Status {
  return STATUSES[status];
}
