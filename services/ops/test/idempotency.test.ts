import { randomUUID } from 'node:crypto';
import { OpsServiceService } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import { changingRpcs, type RedisInstance, startRedis, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakePgBackRest, fakePgBackRest, LABEL } from './fake-pgbackrest.ts';
import { FULL, type Rig, startRig, storeBackup } from './rig.ts';

let tool: FakePgBackRest;
let redis: RedisInstance;
let rig: Rig;

beforeEach(async () => {
  tool = fakePgBackRest();
  redis = await startRedis();
  rig = await startRig({ env: tool.env, redis });
});
afterEach(async () => {
  await rig?.stop();
  await redis?.stop();
  tool?.remove();
});

const once = () => ({ idempotencyKey: randomUUID(), requestId: randomUUID() });
const count = async (table: string) => (await rig.rows(`select 1 from ops.${table}`)).length;

describe('with an idempotency key', () => {
  it('every RPC that changes something is tried here', () => {
    expect(changingRpcs(OpsServiceService).keyed.sort()).toEqual(['StartBackup', 'StartRestoreDrill']);
    expect(changingRpcs(OpsServiceService).unkeyed).toEqual([]);
  });

  it('StartBackup starts one backup, and its repetition is told which, also when it has ended', async () => {
    const context = once();
    const first = await rig.operator.startBackup({ type: FULL }, context);
    expect(await rig.operator.startBackup({ type: FULL }, context)).toEqual(first);
    await rig.endedBackup(first.backup?.backupId ?? '');
    expect(await rig.operator.startBackup({ type: FULL }, context)).toEqual(first);
    expect(await count('backup_execution_log')).toBe(1);
  });

  it('StartRestoreDrill starts one drill, and its repetition is told which, also when it has ended', async () => {
    const backupId = await storeBackup(rig, 'completed', LABEL);
    const request = { backupId, witnessUserIds: [] };
    const context = once();
    const first = await rig.operator.startRestoreDrill(request, context);
    expect(await rig.operator.startRestoreDrill(request, context)).toEqual(first);
    await rig.endedDrill(first.restoreDrill?.restoreDrillId ?? '');
    expect(await rig.operator.startRestoreDrill(request, context)).toEqual(first);
    expect(await count('restore_drills')).toBe(1);
  });

  it('what was refused leaves the key free', async () => {
    const context = once();
    await redis.kill();
    await waitFor(() =>
      rig.operator.startBackup({ type: FULL }, context).then(
        () => false,
        ({ kind }) => kind === 'unavailable',
      ),
    );
    await redis.restart();
    const { backup } = await waitFor(() => rig.operator.startBackup({ type: FULL }, context).catch(() => undefined));
    expect(backup?.backupId).toBeTruthy();
  });
});
