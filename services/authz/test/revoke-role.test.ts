import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { ALWAYS, atLeast, type Fixture, FULLY, startFixture, traced } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

async function granted(permission = 'things:read') {
  const [userId, roleId] = [randomUUID(), await fixture.role({ permissions: [permission] })];
  await fixture.grant(userId, roleId);
  return { userId, roleId };
}

describe('revoking a role', () => {
  it('takes effect at once where it was done, from memory too', async () => {
    const { userId, roleId } = await granted();
    await fixture.warm(userId);
    expect(await fixture.allowed(userId, 'things:read')).toBe(true);
    const token = await fixture.revoke(userId, roleId);
    for (const requirement of [undefined, atLeast(token), FULLY]) {
      expect(await fixture.allowed(userId, 'things:read', requirement)).toBe(false);
    }
    expect(await fixture.rows('select from authz.role_grants where user_id = $1', [userId])).toEqual([]);
    expect(parseToken(token).user).toEqual({ id: userId, revision: 2n });
  });

  it('leaves the other roles of the user', async () => {
    const { userId, roleId } = await granted();
    await fixture.grant(userId, await fixture.role({ permissions: ['things:write'] }));
    const token = await fixture.revoke(userId, roleId);
    expect(await fixture.allowed(userId, 'things:read', atLeast(token))).toBe(false);
    expect(await fixture.allowed(userId, 'things:write', atLeast(token))).toBe(true);
  });

  it('can be undone by a grant, whose revision is higher still', async () => {
    const { userId, roleId } = await granted();
    await fixture.revoke(userId, roleId);
    const token = await fixture.grant(userId, roleId);
    expect(parseToken(token).user?.revision).toBe(3n);
    expect(await fixture.allowed(userId, 'things:read', atLeast(token))).toBe(true);
  });

  it('leaves an audit event that names the grant, and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_role_revoked_total');
    const [userId, roleId] = [randomUUID(), await fixture.role({ name: 'night-shift' })];
    const { grant } = await fixture.operator.grantRole({ userId, roleId, reason: '', ...ALWAYS });
    await fixture.operator.revokeRole({ userId, roleId, reason: 'Left', scope: '' }, context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'role.revoked',
        userId,
        attributes: { grant_id: grant?.grantId, role_id: roleId, role: 'night-shift', reason: 'Left' },
      }),
    ]);
    expect(await fixture.metric('authz_role_revoked_total')).toBe(before + 1);
  });

  it('refuses what the user does not have, and leaves no trace', async () => {
    const userId = randomUUID();
    const context = traced();
    for (const roleId of [await fixture.role(), randomUUID()]) {
      await expect(
        fixture.operator.revokeRole({ userId, roleId, reason: '', scope: '' }, context),
      ).rejects.toMatchObject({
        kind: 'missing',
        reason: 'GRANT_NOT_FOUND',
      });
    }
    expect(await fixture.rows('select from authz.revisions where user_id = $1', [userId])).toEqual([]);
    expect(await fixture.eventsOf(context.requestId, 0)).toEqual([]);
  });

  it('happens once of twenty at once', async () => {
    const { userId, roleId } = await granted();
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => fixture.revoke(userId, roleId)));
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(19).fill('GRANT_NOT_FOUND'));
  });

  it('never deadlocks with grants of the same role', async () => {
    const { userId, roleId } = await granted();
    const answers = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        index % 2 ? fixture.grant(userId, roleId) : fixture.revoke(userId, roleId),
      ),
    );
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals.filter((reason) => !['GRANT_EXISTS', 'GRANT_NOT_FOUND'].includes(reason))).toEqual([]);
    const left = await fixture.rows('select from authz.role_grants where user_id = $1', [userId]);
    expect(await fixture.allowed(userId, 'things:read', FULLY)).toBe(left.length === 1);
  });

  it.each([
    ['user_id', { userId: '' }],
    ['user_id', { userId: 'ada' }],
    ['role_id', { roleId: 'admin' }],
    ['reason', { reason: 'x'.repeat(1_001) }],
    ['reason', { reason: '\0' }],
  ])('refuses a wrong %s', async (field, change) => {
    const request = { userId: randomUUID(), roleId: randomUUID(), reason: '', scope: '', ...change };
    await expect(fixture.operator.revokeRole(request)).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
