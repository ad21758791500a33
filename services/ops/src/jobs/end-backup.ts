import type { Database } from '@gatehouse/postgres';
import { type Clock, uuidv7 } from '@gatehouse/process';
import type { BackupSet } from '../domain/backup.ts';
import type { RunError } from '../domain/run.ts';
import type { Events } from '../events.ts';
import { noteBackupFailure, noteBackupSuccess } from '../store/backup-configurations.ts';
import { updateBackupCompleted, updateBackupFailed } from '../store/backups.ts';
import { insertRecoveryPoint } from '../store/recovery-points.ts';

export interface EndBackupDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly events: Events;
}

/** Ends a backup as completed, with its recovery point and its audit event. Does nothing when it has ended already. */
export async function completeBackup({ db, clock, events }: EndBackupDeps, id: string, set: BackupSet): Promise<void> {
  const now = clock.now();
  await db.transaction(async (tx) => {
    const backup = await updateBackupCompleted(tx, id, now, set);
    if (!backup) return;
    await insertRecoveryPoint(tx, uuidv7(), backup, set, now);
    await noteBackupSuccess(tx, now, set.sizeBytes);
    await events.backupCompleted(tx, backup, set);
  });
}

/** Ends a backup as failed, with its audit event. Does nothing when it has ended already. */
export async function failBackup({ db, clock, events }: EndBackupDeps, id: string, error: RunError): Promise<void> {
  const now = clock.now();
  await db.transaction(async (tx) => {
    const backup = await updateBackupFailed(tx, id, now, error);
    if (!backup) return;
    await noteBackupFailure(tx, now);
    await events.backupFailed(tx, backup, error);
  });
}
