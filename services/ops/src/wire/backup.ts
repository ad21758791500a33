import { type Backup as BackupMessage, BackupType as Type } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import type { Backup, BackupType } from '../domain/backup.ts';
import { toRunStatus } from './run-status.ts';

const TYPES: Readonly<Record<BackupType, Type>> = {
  full: Type.BACKUP_TYPE_FULL,
  differential: Type.BACKUP_TYPE_DIFFERENTIAL,
  incremental: Type.BACKUP_TYPE_INCREMENTAL,
};

/** A backup as callers see it. */
export function toBackupMessage(backup: Backup): BackupMessage {
  return {
    backupId: backup.id,
    type: TYPES[backup.type],
    status: toRunStatus(backup.status),
    startedAt: backup.startedAt,
    completedAt: backup.completedAt,
    label: backup.label ?? '',
    backupSizeBytes: backup.sizeBytes ?? 0n,
    compressedSizeBytes: backup.compressedSizeBytes ?? 0n,
    walStart: backup.walStart ?? '',
    walStop: backup.walStop ?? '',
    errorMessage: backup.errorMessage ?? '',
  };
}

/** The type that a caller asks for. */
export function fromBackupType(type: Type): BackupType {
  for (const name of ['full', 'differential', 'incremental'] as const) {
    if (TYPES[name] === type) return name;
  }
  throw new Error(`Type ${type} passed the limits of its field.`);
}
