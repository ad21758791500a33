import type { RestoreDrill as RestoreDrillMessage } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import type { RestoreDrill } from '../domain/restore-drill.ts';
import { toRunStatus } from './run-status.ts';

/** A restore drill as callers see it. */
export function toRestoreDrillMessage(drill: RestoreDrill): RestoreDrillMessage {
  const { result } = drill;
  const rowCounts = Object.entries(result?.rowCounts ?? {}).map(([table, rows]) => [table, BigInt(rows)] as const);
  return {
    restoreDrillId: drill.id,
    backupId: drill.backupId,
    status: toRunStatus(drill.status),
    startedAt: drill.startedAt,
    completedAt: drill.completedAt,
    recoveryTimeMs: BigInt(result?.recoveryTimeMs ?? 0),
    rowCounts: Object.fromEntries(rowCounts),
    foundUserIds: [...(result?.foundUserIds ?? [])],
    missingUserIds: [...(result?.missingUserIds ?? [])],
    restoredUntil: result?.restoredUntil,
    errorMessage: drill.errorMessage ?? '',
  };
}
