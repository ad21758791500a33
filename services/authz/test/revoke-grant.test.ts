import { randomUUID } from 'node:crypto';
import type { RoleGrant } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { atLeast, type Fixture, startFixture, traced } from './fixture.ts';
import { makeGrant, mismatch } from './grants.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const revoke = ({ userId, grantId }: RoleGrant, context = {}, mustMatchRevision?: bigint) =>
  fixture.grants.revokeGrant({ userId, grantId, reason: 'Left', mustMatchRevision }, context);
const NOT_FOUND = { kind: 'missing', reason: 'GRANT_NOT_FOUND' };

describe('revoking a grant', () => {
  it('takes effect at once, from memory too, and on nothing else', async () => {
    const grant = await makeGrant(fixture, { permissions: ['things:read'], scope: '' });
    const kept = await makeGrant(fixture, { ...grant, permissions: [], scope: 'tenant/7' });
    await fixture.warm(grant.userId);
    expect(await fixture.allowed(grant.userId, 'things:read')).toBe(true);
    const { revision, consistencyToken } = await revoke(grant);
    expect(await fixture.allowed(grant.userId, 'things:read')).toBe(false);
    expect(await fixture.allowed(grant.userId, 'things:read', atLeast(consistencyToken))).toBe(false);
    expect(revision).toBe(3n);
    expect(parseToken(consistencyToken).user).toEqual({ id: grant.userId, revision: 3n });
    const left = await fixture.rows('select id from authz.role_grants where user_id = $1', [grant.userId]);
    expect(left).toEqual([{ id: kept.grantId }]);
  });

  it('leaves an audit event that names the grant, and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_role_revoked_total');
    const grant = await makeGrant(fixture, { roleId: await fixture.role({ name: 'watch' }), scope: 'tenant/7' });
    await revoke(grant, context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'role.revoked',
        userId: grant.userId,
        attributes: {
          grant_id: grant.grantId,
          role_id: grant.roleId,
          role: 'watch',
          reason: 'Left',
          scope: 'tenant/7',
        },
      }),
    ]);
    expect(await fixture.metric('authz_role_revoked_total')).toBe(before + 1);
  });

  it('ends what waits for approval', async () => {
    const grant = await makeGrant(fixture, { requiresApproval: true });
    await revoke(grant);
    const { userId, grantId } = grant;
    await expect(fixture.grants.approveGrant({ userId, grantId, reason: '' })).rejects.toMatchObject(NOT_FOUND);
  });

  it('refuses what is not there, and leaves no trace', async () => {
    const grant = { ...(await makeGrant(fixture)), userId: randomUUID() };
    await expect(revoke(grant)).rejects.toMatchObject(NOT_FOUND);
    expect(await fixture.rows('select from authz.revisions where user_id = $1', [grant.userId])).toEqual([]);
  });

  it('is done only on the revision that it is based on', async () => {
    const grant = await makeGrant(fixture);
    await expect(revoke(grant, {}, 0n)).rejects.toMatchObject(mismatch(0n, 1n));
    expect((await revoke(grant, {}, 1n)).revision).toBe(2n);
  });

  it('happens once of twenty at once', async () => {
    const grant = await makeGrant(fixture);
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => revoke(grant)));
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(19).fill('GRANT_NOT_FOUND'));
  });

  it.each([
    ['user_id', { userId: '' }],
    ['grant_id', { grantId: 'x' }],
    ['reason', { reason: 'x'.repeat(1_001) }],
    ['must_match_revision', { mustMatchRevision: 2n ** 63n }],
  ])('refuses a wrong %s', async (field, change) => {
    const request = { userId: randomUUID(), grantId: randomUUID(), reason: '', ...change };
    await expect(fixture.grants.revokeGrant(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
