import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { type Fixture, startFixture, traced } from './fixture.ts';
import { endGrant, makeGrant, mismatch, NO_CHANGE, NO_TIMES } from './grants.ts';
import { modelRevision } from './model.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const inUse = (grants: number, children: number) => ({
  kind: 'precondition',
  reason: 'ROLE_IN_USE',
  metadata: { grants: String(grants), children: String(children) },
});
const NOT_FOUND = { kind: 'missing', reason: 'ROLE_NOT_FOUND' };

describe('deleting a role', () => {
  it('removes it, its permissions and its exclusions, and the grants of it that have ended', async () => {
    const grant = await makeGrant(fixture, { permissions: ['files:read'] });
    const { roleId, userId, grantId } = grant;
    await endGrant(fixture, grant);
    await fixture.model.createRoleExclusion({ roleId, excludedRoleId: await fixture.role(), reason: '' });
    const { revision, consistencyToken } = await fixture.model.deleteRole({ roleId });
    expect(revision).toBe(await modelRevision(fixture));
    expect(parseToken(consistencyToken)).toEqual({ modelRevision: revision });
    await expect(fixture.model.getRole({ roleId })).rejects.toMatchObject(NOT_FOUND);
    await expect(fixture.grants.updateGrant({ userId, grantId, ...NO_CHANGE, period: NO_TIMES })).rejects.toMatchObject(
      { reason: 'GRANT_NOT_FOUND' },
    );
    const { exclusions } = await fixture.model.listRoleExclusions({ roleId, pageSize: 0, pageToken: '' });
    expect(exclusions).toEqual([]);
  });

  it('leaves an audit event and a count, and frees the name', async () => {
    const context = traced();
    const before = await fixture.metric('authz_role_deleted_total');
    const roleId = await fixture.role({ name: 'intern' });
    await fixture.model.deleteRole({ roleId }, context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({ eventType: 'role.deleted', attributes: { role_id: roleId, role: 'intern' } }),
    ]);
    expect(await fixture.metric('authz_role_deleted_total')).toBe(before + 1);
    await fixture.role({ name: 'intern' });
  });

  it('refuses while users have it, whatever the status of their grants, or it has children', async () => {
    const roleId = await fixture.role();
    const grant = await makeGrant(fixture, { roleId, requiresApproval: true });
    const child = await fixture.role({ parentRoleId: roleId });
    await expect(fixture.model.deleteRole({ roleId })).rejects.toMatchObject(inUse(1, 1));
    await fixture.model.deleteRole({ roleId: child });
    await expect(fixture.model.deleteRole({ roleId })).rejects.toMatchObject(inUse(1, 0));
    await fixture.grants.revokeGrant({ userId: grant.userId, grantId: grant.grantId, reason: '' });
    await fixture.model.deleteRole({ roleId });
  });

  it('refuses a system role', async () => {
    const roleId = await fixture.role();
    await fixture.rows('update authz.roles set is_system_role = true where id = $1', [roleId]);
    await expect(fixture.model.deleteRole({ roleId })).rejects.toMatchObject({
      kind: 'precondition',
      reason: 'SYSTEM_ROLE_PROTECTED',
    });
  });

  it('refuses a role that is not there, and leaves the revision', async () => {
    const revision = await modelRevision(fixture);
    await expect(fixture.model.deleteRole({ roleId: randomUUID() })).rejects.toMatchObject(NOT_FOUND);
    expect(await modelRevision(fixture)).toBe(revision);
  });

  it('is done only on the revision that it is based on', async () => {
    const roleId = await fixture.role();
    const revision = await modelRevision(fixture);
    await expect(fixture.model.deleteRole({ roleId, mustMatchRevision: 0n })).rejects.toMatchObject(
      mismatch(0n, revision),
    );
    await fixture.model.deleteRole({ roleId, mustMatchRevision: revision });
  });

  it('never takes a role from under a grant that is made meanwhile', async () => {
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const [roleId, userId] = [await fixture.role(), randomUUID()];
        const answers = await Promise.allSettled([fixture.model.deleteRole({ roleId }), fixture.grant(userId, roleId)]);
        const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
        expect(['ROLE_IN_USE', 'ROLE_NOT_FOUND']).toEqual(expect.arrayContaining(refusals));
        expect(refusals).toHaveLength(1);
      }),
    );
  });

  it.each([
    ['role_id', { roleId: '' }],
    ['role_id', { roleId: 'admin' }],
    ['must_match_revision', { mustMatchRevision: 2n ** 63n }],
  ])('refuses a wrong %s', async (field, change) => {
    await expect(fixture.model.deleteRole({ roleId: randomUUID(), ...change })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
