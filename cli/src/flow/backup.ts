import { isFailure } from '@gatehouse/failure';
import { uuidv7 } from '@gatehouse/process';
import { BackupType, RunStatus } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import { waitFor } from '@gatehouse/testing';
import { ensure, StepSkipped } from './expect.ts';
import type { Journey, World } from './world.ts';

const BACKUP_WITHIN_MS = 120_000;
const DRILL_WITHIN_MS = 120_000;
const POLL_MS = 100;
const ENDED: readonly RunStatus[] = [RunStatus.RUN_STATUS_COMPLETED, RunStatus.RUN_STATUS_FAILED];

/** Takes a full backup of the running Postgres, restores it into a scratch instance, and finds the user in it. */
export async function backup({ ops }: World, { userId }: Journey): Promise<string> {
  const started = await ops.startBackup({ type: BackupType.BACKUP_TYPE_FULL }).catch((error: unknown) => {
    if (isFailure(error, 'PGBACKREST_NOT_CONFIGURED')) throw new StepSkipped(error.message);
    throw error;
  });
  const backupId = started.backup?.backupId ?? '';
  const made = await waitFor(
    async () => {
      const { backup: now } = await ops.getBackup({ backupId });
      return now && ENDED.includes(now.status) ? now : undefined;
    },
    { timeoutMs: BACKUP_WITHIN_MS, everyMs: POLL_MS },
  );
  ensure(made.status === RunStatus.RUN_STATUS_COMPLETED, `The backup failed: ${made.errorMessage}`);
  const nobody = uuidv7();
  const drill = await ops.startRestoreDrill({ backupId, witnessUserIds: [userId, nobody] });
  const restoreDrillId = drill.restoreDrill?.restoreDrillId ?? '';
  const done = await waitFor(
    async () => {
      const { restoreDrill: now } = await ops.getRestoreDrill({ restoreDrillId });
      return now && ENDED.includes(now.status) ? now : undefined;
    },
    { timeoutMs: DRILL_WITHIN_MS, everyMs: POLL_MS },
  );
  ensure(done.status === RunStatus.RUN_STATUS_COMPLETED, `The restore failed: ${done.errorMessage}`);
  ensure(done.foundUserIds.join() === userId, 'The user is not in the restored database.');
  ensure(done.missingUserIds.join() === nobody, 'Somebody is in the restored database who never was.');
  return `backup ${made.label}, ${made.backupSizeBytes} bytes; restored in ${done.recoveryTimeMs} ms with the user in it`;
}
