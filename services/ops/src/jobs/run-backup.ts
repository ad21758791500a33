import { isFailure } from '@gatehouse/failure';
import type { BackupSet } from '../domain/backup.ts';
import type { RunError } from '../domain/run.ts';
import type { PgBackRest } from '../peers/pgbackrest.ts';
import type { Repository } from '../peers/repository.ts';
import { claimBackup } from '../store/backups.ts';
import { completeBackup, type EndBackupDeps, failBackup } from './end-backup.ts';
import { isVerdict, toRunError } from './run-error.ts';
import type { Run } from './run-worker.ts';

export interface RunBackupDeps extends EndBackupDeps {
  readonly pgBackRest: PgBackRest;
}

/**
 * Makes a backup. An attempt whose process died may have made it all the same, or pgBackRest may still be at it: so the
 * repository is asked first, and while pgBackRest holds its lock the run is tried again later.
 */
export function runBackup(deps: RunBackupDeps): Run {
  const { db, pgBackRest } = deps;
  return async ({ id, retries, isLast, signal }) => {
    const backup = await claimBackup(db, id, retries);
    if (!backup) return 'ended';
    try {
      let repository = await pgBackRest.repository(signal);
      if (!setOf(id, repository)) {
        await pgBackRest.backup(backup.type, id, signal);
        repository = await pgBackRest.repository(signal);
      }
      const set = setOf(id, repository);
      if (set) await completeBackup(deps, id, set);
      else await failBackup(deps, id, notListed(repository));
    } catch (error) {
      if (isFailure(error, 'PGBACKREST_LOCKED') && !isLast) return 'later';
      if (!isVerdict(error) && !isFailure(error, 'PGBACKREST_LOCKED')) throw error;
      await failBackup(deps, id, toRunError(error));
    }
    return 'ended';
  };
}

function setOf(id: string, { backups }: Repository): BackupSet | undefined {
  return backups.find(({ backupId }) => backupId === id);
}

function notListed({ complaint = '' }: Repository): RunError {
  const message = `pgBackRest made a backup without an error, but its repository does not list it. ${complaint}`;
  return { code: 'BACKUP_NOT_LISTED', message: message.trim() };
}
