import { pgBackRestAvailable } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MeshRig, startMeshRig } from './rig.ts';

let rig: MeshRig;

beforeAll(async () => {
  rig = await startMeshRig({ archive: pgBackRestAvailable(), instances: { session: 2 } });
});
afterAll(() => rig.stop());

describe('the flow through all five services', () => {
  it('goes well from the registration to the restored backup', { timeout: 120_000 }, async () => {
    const reports = await rig.flow();
    expect(reports.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(reports.map(({ step }) => step)).toEqual([
      'register',
      'login',
      'validate',
      'authorize',
      'logout',
      'audit',
      'backup',
    ]);
  });

  it('goes well again and again, also side by side', { timeout: 120_000 }, async () => {
    const runs = await Promise.all([rig.flow(withoutBackup), rig.flow(withoutBackup)]);
    expect(runs.flat().filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});

const { STEPS } = await import('@gatehouse/cli/flow');
const withoutBackup = STEPS.filter(([name]) => name !== 'backup');
