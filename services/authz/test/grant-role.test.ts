import { randomUUID } from 'node:crypto';
import { isUuid } from '@gatehouse/process';
import { GrantStatus } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { ALWAYS, atLeast, type Fixture, FULLY, startFixture, traced } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const revisionOf = async (userId: string) => {
  const [row] = await fixture.rows<{ revision: bigint }>('select revision from authz.revisions where user_id = $1', [
    userId,
  ]);
  return row?.revision;
};

describe('granting a role', () => {
  it('stores the grant and gives it back, with a token of the user and of the model', async () => {
    const [userId, roleId] = [randomUUID(), await fixture.role()];
    const request = {
      userId,
      roleId,
      reason: 'Vertretung für Zoë',
      scope: 'tenant/7',
      validFrom: new Date('2026-01-01T00:00:00Z'),
      validUntil: new Date('2126-01-01T00:00:00Z'),
      condition: 'request.ip.inCidr("10.0.0.0/8")',
    };
    const { grant, consistencyToken } = await fixture.operator.grantRole({ ...request, requiresApproval: false });
    expect(grant).toEqual({
      ...request,
      grantId: expect.any(String),
      grantedAt: expect.any(Date),
      status: GrantStatus.GRANT_STATUS_ACTIVE,
      grantedBy: '',
      approvedBy: '',
      approvedAt: undefined,
      updatedBy: '',
      updatedAt: undefined,
    });
    expect(isUuid(grant?.grantId ?? '') && grant?.grantId[14] === '7').toBe(true);
    expect(await fixture.rows('select * from authz.role_grants where user_id = $1', [userId])).toEqual([
      {
        user_id: userId,
        id: grant?.grantId,
        role_id: roleId,
        granted_at: grant?.grantedAt,
        granted_by: null,
        reason: 'Vertretung für Zoë',
        scope: 'tenant/7',
        valid_from: request.validFrom,
        valid_until: request.validUntil,
        status: 'active',
        condition: request.condition,
        approved_by: null,
        approved_at: null,
        updated_by: null,
        updated_at: null,
      },
    ]);
    const [model] = await fixture.rows<{ revision: bigint }>('select revision from authz.model_revision');
    expect(parseToken(consistencyToken)).toEqual({
      modelRevision: model?.revision,
      user: { id: userId, revision: await revisionOf(userId) },
    });
  });

  it('leaves an audit event and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_role_granted_total');
    const [userId, roleId] = [randomUUID(), await fixture.role({ name: 'bookkeeper' })];
    const { grant } = await fixture.operator.grantRole({ userId, roleId, reason: 'New hire', ...ALWAYS }, context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'role.granted',
        userId,
        attributes: { grant_id: grant?.grantId, role_id: roleId, role: 'bookkeeper', reason: 'New hire' },
      }),
    ]);
    expect(await fixture.metric('authz_role_granted_total')).toBe(before + 1);
  });

  it('that must be approved counts for nothing, and says so in its audit event', async () => {
    const context = traced();
    const [userId, roleId] = [randomUUID(), await fixture.role({ permissions: ['vault:open'] })];
    const request = { userId, roleId, reason: '', ...ALWAYS, requiresApproval: true };
    const { grant, consistencyToken } = await fixture.operator.grantRole(request, context);
    expect(grant?.status).toBe(GrantStatus.GRANT_STATUS_PENDING);
    for (const requirement of [atLeast(consistencyToken), FULLY]) {
      expect(await fixture.allowed(userId, 'vault:open', requirement)).toBe(false);
    }
    const [event] = await fixture.eventsOf(context.requestId, 1);
    expect(event?.attributes).toMatchObject({ status: 'pending' });
    await expect(fixture.grant(userId, roleId)).rejects.toMatchObject({ reason: 'GRANT_EXISTS' });
  });

  it('tells the caches, and notes nothing that is left to tell', async () => {
    await fixture.grant(randomUUID(), await fixture.role());
    expect(await fixture.rows('select * from authz.invalidations')).toEqual([]);
  });

  it('refuses a role that is not there, and leaves no trace', async () => {
    const userId = randomUUID();
    await expect(fixture.grant(userId, randomUUID())).rejects.toMatchObject({
      kind: 'missing',
      reason: 'ROLE_NOT_FOUND',
    });
    expect(await revisionOf(userId)).toBeUndefined();
  });

  it('refuses a role that the user has', async () => {
    const [userId, roleId] = [randomUUID(), await fixture.role()];
    await fixture.grant(userId, roleId);
    await expect(fixture.grant(userId, roleId)).rejects.toMatchObject({ kind: 'taken', reason: 'GRANT_EXISTS' });
    expect(await revisionOf(userId)).toBe(1n);
  });

  it('says that the revision is another one before anything else that is wrong', async () => {
    const [userId, roleId] = [randomUUID(), await fixture.role()];
    await fixture.grant(userId, roleId);
    for (const wrong of [roleId, randomUUID()]) {
      const request = { ...ALWAYS, userId, roleId: wrong, reason: '', mustMatchRevision: 7n };
      await expect(fixture.operator.grantRole(request)).rejects.toMatchObject({ reason: 'REVISION_MISMATCH' });
    }
    expect(await revisionOf(userId)).toBe(1n);
  });

  it('makes one grant of twenty at once, and refuses nineteen', async () => {
    const [userId, roleId] = [randomUUID(), await fixture.role({ permissions: ['race:win'] })];
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => fixture.grant(userId, roleId)));
    const tokens = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(19).fill('GRANT_EXISTS'));
    expect(await fixture.rows('select from authz.role_grants where user_id = $1', [userId])).toHaveLength(1);
    expect(await revisionOf(userId)).toBe(1n);
    expect(await fixture.allowed(userId, 'race:win', atLeast(tokens[0] ?? ''))).toBe(true);
  });

  it('gives each of twenty roles that one user gets at once a revision of its own', async () => {
    const userId = randomUUID();
    const roles = await Promise.all(Array.from({ length: 20 }, () => fixture.role()));
    const tokens = await Promise.all(roles.map((roleId) => fixture.grant(userId, roleId)));
    const revisions = tokens.map((token) => Number(parseToken(token).user?.revision));
    expect(revisions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('refuses the grant after the thousandth, unless the user has it', async () => {
    const userId = randomUUID();
    await fixture.rows(
      `with made as (
         insert into authz.roles (id, name, level, created_at, updated_at)
         select gen_random_uuid(), 'many-' || n, 0, now(), now() from generate_series(1, 999) n returning id)
       insert into authz.role_grants (user_id, id, role_id, granted_at)
       select $1::uuid, gen_random_uuid(), id, now() from made`,
      [userId],
    );
    const [last, one] = [await fixture.role({ permissions: ['last:read'] }), await fixture.role()];
    const token = await fixture.grant(userId, last);
    expect(await fixture.allowed(userId, 'last:read', atLeast(token))).toBe(true);
    await expect(fixture.grant(userId, one)).rejects.toMatchObject({ kind: 'limited', reason: 'GRANTS_TOO_MANY' });
    await expect(fixture.grant(userId, last)).rejects.toMatchObject({ reason: 'GRANT_EXISTS' });
  });

  it('takes effect for a user whose id is that of the model among the invalidations', async () => {
    const userId = '00000000-0000-0000-0000-000000000000';
    const roleId = await fixture.role({ permissions: ['nil:read'] });
    // Memory does not keep what such a user holds: the revision of the model is newer than that of any of its grants.
    expect(await fixture.allowed(userId, 'nil:read')).toBe(false);
    await fixture.grant(userId, roleId);
    expect(await fixture.allowed(userId, 'nil:read')).toBe(true);
    await fixture.role({ permissions: ['nil:write'] });
    await fixture.revoke(userId, roleId);
    expect(await fixture.allowed(userId, 'nil:read')).toBe(false);
  });

  it('is completed for a caller that goes away while it is committed, or not begun', async () => {
    const roleId = await fixture.role({ permissions: ['left:read'] });
    const attempts = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const userId = randomUUID();
        await fixture.allowed(userId, 'left:read');
        const signal = AbortSignal.timeout(1 + index);
        await fixture.operator.grantRole({ userId, roleId, reason: '', ...ALWAYS }, { signal }).catch(() => {});
        return userId;
      }),
    );
    for (const userId of attempts) {
      const isGranted = await fixture.allowed(userId, 'left:read', FULLY);
      const events = await fixture.rows('select from authz.role_grants where user_id = $1', [userId]);
      expect(events).toHaveLength(isGranted ? 1 : 0);
    }
  });

  it.each([
    ['user_id', { userId: '' }],
    ['user_id', { userId: 'ada' }],
    ['role_id', { roleId: '' }],
    ['role_id', { roleId: 'admin' }],
    ['reason', { reason: 'x'.repeat(1_001) }],
    ['reason', { reason: 'a\0b' }],
  ])('refuses a wrong %s', async (field, change) => {
    const request = { userId: randomUUID(), roleId: randomUUID(), reason: '', ...ALWAYS, ...change };
    await expect(fixture.operator.grantRole(request)).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
