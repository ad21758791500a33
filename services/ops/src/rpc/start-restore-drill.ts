import { uuidv7 } from '@gatehouse/process';
import type { StartRestoreDrillRequest, StartRestoreDrillResponse } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import type { Handler } from '@gatehouse/rpc';
import type { Deps } from '../deps.ts';
import { backupNotCompleted, backupNotFound, pgBackRestNotConfigured } from '../domain/backup.ts';
import { NOT_QUEUED, requesterOf } from '../domain/run.ts';
import { failRestoreDrill } from '../jobs/end-restore-drill.ts';
import { whyNoRestores } from '../peers/tools.ts';
import { findBackup } from '../store/backups.ts';
import { insertRestoreDrill } from '../store/restore-drills.ts';
import { toRestoreDrillMessage } from '../wire/restore-drill.ts';

/** Stores a restore drill with its audit event and queues it. One that is stored but not queued is queued by the sweep. */
export function startRestoreDrill(
  deps: Pick<Deps, 'db' | 'writes' | 'clock' | 'events' | 'queue' | 'tools'>,
): Handler<StartRestoreDrillRequest, StartRestoreDrillResponse> {
  const { db, writes, clock, events, queue, tools } = deps;
  return (request, call) =>
    writes.once(call, request, async () => {
      const { backupId, witnessUserIds } = request;
      const why = await whyNoRestores(tools);
      if (why) throw pgBackRestNotConfigured(why);
      const backup = await findBackup(db.within(call), backupId);
      if (!backup) throw backupNotFound();
      if (backup.status !== 'completed') throw backupNotCompleted(backup);
      await queue.checkUsable();
      const requester = requesterOf(call);
      return writes.commit(call, request, async (tx) => {
        const startedAt = clock.now();
        const drill = await insertRestoreDrill(tx, { id: uuidv7(), backupId, startedAt, witnessUserIds, requester });
        await events.restoreDrillStarted(tx, drill);
        const after = () =>
          queue.add('run-restore-drill', drill.id, requester).catch(async (error: unknown) => {
            await failRestoreDrill(deps, drill.id, NOT_QUEUED, { disproves: false });
            throw error;
          });
        return { reply: { restoreDrill: toRestoreDrillMessage(drill) }, after };
      });
    });
}
