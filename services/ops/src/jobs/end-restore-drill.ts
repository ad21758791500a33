import type { Database } from '@gatehouse/postgres';
import type { Clock } from '@gatehouse/process';
import type { Backup } from '../domain/backup.ts';
import type { DrillResult } from '../domain/restore-drill.ts';
import type { RunError } from '../domain/run.ts';
import type { Events } from '../events.ts';
import { findBackup, updateBackupVerified } from '../store/backups.ts';
import { updateRecoveryPointVerified } from '../store/recovery-points.ts';
import { updateRestoreDrillCompleted, updateRestoreDrillFailed } from '../store/restore-drills.ts';

export interface EndRestoreDrillDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly events: Events;
}

/** Ends a drill as completed: its backup is proved. Does nothing when it has ended already. */
export async function completeRestoreDrill(
  { db, clock, events }: EndRestoreDrillDeps,
  id: string,
  { id: backupId, label = '' }: Backup,
  result: DrillResult,
): Promise<void> {
  const now = clock.now();
  await db.transaction(async (tx) => {
    const drill = await updateRestoreDrillCompleted(tx, id, now, result);
    if (!drill) return;
    await updateBackupVerified(tx, backupId, 'restored', now);
    await updateRecoveryPointVerified(tx, label, true, now);
    await events.restoreDrillCompleted(tx, drill, result);
  });
}

/**
 * Ends a drill as failed. `disproves` says that it was the backup that could not be restored, and not the drill that
 * could not be carried out. Does nothing when it has ended already.
 */
export async function failRestoreDrill(
  { db, clock, events }: EndRestoreDrillDeps,
  id: string,
  error: RunError,
  { disproves }: { readonly disproves: boolean },
): Promise<void> {
  const now = clock.now();
  await db.transaction(async (tx) => {
    const drill = await updateRestoreDrillFailed(tx, id, now, error);
    if (!drill) return;
    const backup = disproves ? await findBackup(tx, drill.backupId) : undefined;
    if (backup) {
      await updateBackupVerified(tx, backup.id, 'failed', now);
      await updateRecoveryPointVerified(tx, backup.label ?? '', false, now);
    }
    await events.restoreDrillFailed(tx, drill, error);
  });
}
