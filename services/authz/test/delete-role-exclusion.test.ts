import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { type Fixture, startFixture, traced } from './fixture.ts';
import { mismatch } from './grants.ts';
import { modelRevision, ordered } from './model.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

async function exclusion() {
  const [roleId, excludedRoleId] = [await fixture.role(), await fixture.role()];
  await fixture.model.createRoleExclusion({ roleId, excludedRoleId, reason: '' });
  return { roleId, excludedRoleId, reason: 'Small branch' };
}
const NOT_FOUND = { kind: 'missing', reason: 'EXCLUSION_NOT_FOUND' };

describe('deleting an exclusion', () => {
  it('lets both roles be held, whatever their order', async () => {
    const { roleId, excludedRoleId, reason } = await exclusion();
    const userId = randomUUID();
    await fixture.grant(userId, roleId);
    const request = { roleId: excludedRoleId, excludedRoleId: roleId, reason };
    const { revision, consistencyToken } = await fixture.model.deleteRoleExclusion(request);
    expect(revision).toBe(await modelRevision(fixture));
    expect(parseToken(consistencyToken)).toEqual({ modelRevision: revision });
    await fixture.grant(userId, excludedRoleId);
  });

  it('leaves an audit event and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_role_exclusion_deleted_total');
    const request = await exclusion();
    await fixture.model.deleteRoleExclusion(request, context);
    const { roleId, excludedRoleId } = ordered(request.roleId, request.excludedRoleId);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'role_exclusion.deleted',
        attributes: { role_id: roleId, excluded_role_id: excludedRoleId, reason: 'Small branch' },
      }),
    ]);
    expect(await fixture.metric('authz_role_exclusion_deleted_total')).toBe(before + 1);
  });

  it('refuses what is not there, and leaves the revision', async () => {
    const request = await exclusion();
    const revision = await modelRevision(fixture);
    await expect(fixture.model.deleteRoleExclusion({ ...request, excludedRoleId: randomUUID() })).rejects.toMatchObject(
      NOT_FOUND,
    );
    expect(await modelRevision(fixture)).toBe(revision);
  });

  it('happens once of ten at once', async () => {
    const request = await exclusion();
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, () => fixture.model.deleteRoleExclusion(request)),
    );
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(9).fill('EXCLUSION_NOT_FOUND'));
  });

  it('is done only on the revision that it is based on', async () => {
    const request = await exclusion();
    const revision = await modelRevision(fixture);
    await expect(fixture.model.deleteRoleExclusion({ ...request, mustMatchRevision: 0n })).rejects.toMatchObject(
      mismatch(0n, revision),
    );
    await fixture.model.deleteRoleExclusion({ ...request, mustMatchRevision: revision });
  });

  it.each([
    ['role_id', { roleId: '' }],
    ['excluded_role_id', { excludedRoleId: 'admin' }],
    ['reason', { reason: 'x'.repeat(1_001) }],
    ['must_match_revision', { mustMatchRevision: 2n ** 63n }],
  ])('refuses a wrong %s', async (field, change) => {
    const request = { roleId: randomUUID(), excludedRoleId: randomUUID(), reason: '', ...change };
    await expect(fixture.model.deleteRoleExclusion(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
