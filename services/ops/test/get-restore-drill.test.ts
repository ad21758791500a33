import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LABEL } from './fake-pgbackrest.ts';
import { COMPLETED, ownPostgres, type Rig, startRig, storeBackup, storeDrill } from './rig.ts';

let rig: Rig;
let backupId: string;

beforeAll(async () => {
  rig = await startRig();
  backupId = await storeBackup(rig, 'completed', LABEL);
});
afterAll(async () => {
  await rig?.stop();
});

const getDrill = async (restoreDrillId: string) =>
  (await rig.operator.getRestoreDrill({ restoreDrillId })).restoreDrill;

describe('GetRestoreDrill', () => {
  it('tells what a drill has found', async () => {
    const [found, missing] = [randomUUID(), randomUUID()];
    const restoreDrillId = await storeDrill(rig, backupId, 'completed');
    const restoredUntil = new Date('2030-01-01T12:00:00.123Z');
    await rig.rows(
      `update ops.restore_drills set recovery_time_ms = 1234, row_counts = '{"identity.users": 3, "ops.outbox": 0}',
         found_witness_ids = array[$2::uuid], missing_witness_ids = array[$3::uuid], restored_until = $4::timestamptz
       where id = $1::uuid`,
      [restoreDrillId, found, missing, restoredUntil],
    );
    expect(await getDrill(restoreDrillId)).toEqual({
      restoreDrillId,
      backupId,
      status: COMPLETED,
      startedAt: expect.any(Date),
      completedAt: expect.any(Date),
      recoveryTimeMs: 1234n,
      rowCounts: { 'identity.users': 3n, 'ops.outbox': 0n },
      foundUserIds: [found],
      missingUserIds: [missing],
      restoredUntil,
      errorMessage: '',
    });
  });

  it('says so when there is no such drill', async () => {
    const missing = { kind: 'missing', reason: 'RESTORE_DRILL_NOT_FOUND' };
    await expect(getDrill(randomUUID())).rejects.toMatchObject(missing);
  });

  it.each([
    ['none', ''],
    ['one that is not a UUID', 'x'],
  ])('is refused with an id that is %s', async (_, restoreDrillId) => {
    await expect(getDrill(restoreDrillId)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'restore_drill_id' })],
    });
  });

  it('answers UNAVAILABLE while Postgres is gone', async () => {
    const { postgres, database } = await ownPostgres();
    const alone = await startRig({ database });
    await postgres.kill();
    await expect(alone.operator.getRestoreDrill({ restoreDrillId: randomUUID() })).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'POSTGRES_UNAVAILABLE',
    });
    await alone.stop();
    await postgres.stop();
  });
});
