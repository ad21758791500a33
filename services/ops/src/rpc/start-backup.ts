import { uuidv7 } from '@gatehouse/process';
import type { StartBackupRequest, StartBackupResponse } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { pgBackRestNotConfigured } from '../domain/backup.ts';
import { NOT_QUEUED, requesterOf } from '../domain/run.ts';
import { failBackup } from '../jobs/end-backup.ts';
import { whyNoBackups } from '../peers/tools.ts';
import { insertBackup } from '../store/backups.ts';
import { fromBackupType, toBackupMessage } from '../wire/backup.ts';

/** Stores a backup with its audit event and queues it. One that is stored but not queued is queued by the sweep. */
export function startBackup(
  deps: Pick<Deps, 'db' | 'writes' | 'clock' | 'events' | 'queue' | 'tools'>,
): Handler<StartBackupRequest, StartBackupResponse> {
  const { writes, clock, events, queue, tools } = deps;
  return (request, call) =>
    writes.once(call, request, async () => {
      const type = fromBackupType(request.type);
      const why = await whyNoBackups(tools);
      if (why) throw pgBackRestNotConfigured(why);
      await queue.checkUsable();
      const requester = requesterOf(call);
      return writes.commit(call, request, async (tx) => {
        const backup = await insertBackup(tx, { id: uuidv7(), type, startedAt: clock.now(), requester });
        await events.backupStarted(tx, backup);
        const after = () =>
          queue.add('run-backup', backup.id, requester).catch(async (error: unknown) => {
            await failBackup(deps, backup.id, NOT_QUEUED);
            throw error;
          });
        return { reply: { backup: toBackupMessage(backup) }, after };
      });
    });
}
