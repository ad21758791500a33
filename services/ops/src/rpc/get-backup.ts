import type { GetBackupRequest, GetBackupResponse } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { backupNotFound } from '../domain/backup.ts';
import { findBackup } from '../store/backups.ts';
import { toBackupMessage } from '../wire/backup.ts';

/** Tells the state of a backup. */
export function getBackup({ db }: Pick<Deps, 'db'>): Handler<GetBackupRequest, GetBackupResponse> {
  return async ({ backupId }, call) => {
    const backup = await findBackup(db.within(call), backupId);
    if (!backup) throw backupNotFound();
    return { backup: toBackupMessage(backup) };
  };
}
