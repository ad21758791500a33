import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakePgBackRest, fakePgBackRest, LABEL } from './fake-pgbackrest.ts';
import { COMPLETED, FULL, ownPostgres, PENDING, type Rig, RUNNING, startRig, storeBackup } from './rig.ts';

let tool: FakePgBackRest;
let rig: Rig;

beforeAll(async () => {
  tool = fakePgBackRest();
  rig = await startRig({ env: tool.env });
});
afterAll(async () => {
  tool?.release();
  await rig?.stop();
  tool?.remove();
});

describe('GetBackup', () => {
  it('tells how a backup goes, from when it was asked for to its end', async () => {
    tool.hold();
    const started = await rig.startBackup();
    const going = await rig.getBackup(started.backupId);
    expect([PENDING, RUNNING]).toContain(going.status);
    expect(going).toMatchObject({ ...started, status: going.status, completedAt: undefined });
    tool.release();
    const ended = await rig.endedBackup(started.backupId);
    expect(ended).toEqual({
      ...started,
      type: FULL,
      status: COMPLETED,
      completedAt: expect.any(Date),
      label: LABEL,
      backupSizeBytes: 4000n,
      compressedSizeBytes: 1000n,
      walStart: '000000010000000000000002',
      walStop: '000000010000000000000003',
    });
    expect(ended.completedAt?.getTime()).toBeGreaterThanOrEqual(ended.startedAt?.getTime() ?? Number.POSITIVE_INFINITY);
  });

  it('says so when there is no such backup', async () => {
    await expect(rig.getBackup(randomUUID())).rejects.toMatchObject({ kind: 'missing', reason: 'BACKUP_NOT_FOUND' });
  });

  it.each([
    ['none', ''],
    ['one that is not a UUID', 'x'],
    ['one in upper case', randomUUID().toUpperCase()],
  ])('is refused with an id that is %s', async (_, backupId) => {
    await expect(rig.getBackup(backupId)).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'backup_id' })],
    });
  });

  it('answers without pgBackRest and without Redis, but not without Postgres', async () => {
    const { postgres, database } = await ownPostgres();
    const alone = await startRig({ database, env: { GATEHOUSE_OPS_REDIS_URL: 'redis://127.0.0.1:1' } });
    const backupId = await storeBackup(alone, 'completed', LABEL);
    await expect(alone.getBackup(backupId)).resolves.toMatchObject({ status: COMPLETED });
    await postgres.kill();
    const unavailable = { kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' };
    await expect(alone.getBackup(backupId)).rejects.toMatchObject(unavailable);
    await alone.stop();
    await postgres.stop();
  });
});
