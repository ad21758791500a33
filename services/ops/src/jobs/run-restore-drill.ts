import { Failure, isFailure } from '@gatehouse/failure';
import type { Backup } from '../domain/backup.ts';
import { checkReplayed, type DrillResult } from '../domain/restore-drill.ts';
import type { PgBackRest } from '../peers/pgbackrest.ts';
import type { Restored, Restores } from '../peers/restores.ts';
import { findBackup } from '../store/backups.ts';
import { claimRestoreDrill } from '../store/restore-drills.ts';
import { findReplayEnd, findRestoredContents } from '../store/restored-contents.ts';
import { completeRestoreDrill, type EndRestoreDrillDeps, failRestoreDrill } from './end-restore-drill.ts';
import { isVerdict, toRunError } from './run-error.ts';
import type { Run } from './run-worker.ts';

export interface RunRestoreDrillDeps extends EndRestoreDrillDeps {
  readonly pgBackRest: PgBackRest;
  readonly restores: Restores;
}

/** Restores a backup into a scratch instance, looks into it, and removes it again, whatever came of it. */
export function runRestoreDrill(deps: RunRestoreDrillDeps): Run {
  const { db, restores } = deps;
  return async ({ id, retries, signal }) => {
    const drill = await claimRestoreDrill(db, id, retries);
    if (!drill) return 'ended';
    const backup = await findBackup(db, drill.backupId);
    if (!backup) throw new Error(`The drill ${id} is of a backup that is not there.`);
    try {
      const result = await carryOut(deps, id, backup, drill.witnessUserIds, signal).finally(() => restores.remove(id));
      await completeRestoreDrill(deps, id, backup, result);
    } catch (error) {
      if (signal.aborted || !isVerdict(error)) throw error;
      await failRestoreDrill(deps, id, toRunError(error), { disproves: !NOT_OF_THE_BACKUP.has(error.reason) });
    }
    return 'ended';
  };
}

/** What keeps a drill from being carried out, and says nothing of the backup. */
const NOT_OF_THE_BACKUP: ReadonlySet<string> = new Set(['POSTGRES_NOT_FOUND', 'SCRATCH_FAILED']);

async function carryOut(
  { pgBackRest, restores }: RunRestoreDrillDeps,
  drillId: string,
  backup: Backup,
  witnessUserIds: readonly string[],
  signal: AbortSignal,
): Promise<DrillResult> {
  const { backups } = await pgBackRest.repository(signal);
  const set = backups.find(({ label }) => label === backup.label);
  const beganAt = performance.now();
  const restored = await restores.restore(drillId, backup.label ?? '', signal);
  try {
    const { restoredUntil, segment } = await findReplayEnd(restored.db);
    const recoveryTimeMs = Math.round(performance.now() - beganAt);
    checkReplayed(segment, set?.newestSegment);
    return { recoveryTimeMs, restoredUntil, ...(await findRestoredContents(restored.db, witnessUserIds)) };
  } catch (error) {
    throw signal.aborted ? error : restoreFailed(error, restored);
  } finally {
    await restored.close();
  }
}

/** Everything that goes wrong with the restored cluster is an answer, above all that it can't be asked. */
function restoreFailed(error: unknown, restored: Restored): Failure {
  const said = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? ` ${error.cause.message}` : '';
  const reason = isFailure(error, 'RESTORE_INCOMPLETE') ? error.reason : 'RESTORE_FAILED';
  const message = `${said}${cause} ${restored.errors()}`.trim();
  return new Failure('precondition', reason, message, { cause: error });
}
