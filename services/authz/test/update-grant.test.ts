import { randomUUID } from 'node:crypto';
import { GrantStatus, type RoleGrant } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { GrantStatusChange, type UpdateGrantRequest } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { atLeast, type Fixture, FULLY, startFixture, traced } from './fixture.ts';
import { endGrant, makeGrant, mismatch, NO_CHANGE, NO_TIMES } from './grants.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const { GRANT_STATUS_CHANGE_SUSPEND: SUSPEND, GRANT_STATUS_CHANGE_RESUME: RESUME } = GrantStatusChange;
const LONG_AGO = new Date('2001-01-01T00:00:00Z');
const FAR_AWAY = new Date('2126-01-01T00:00:00Z');

const update = ({ userId, grantId }: RoleGrant, change: Partial<UpdateGrantRequest>, context = {}) =>
  fixture.grants.updateGrant({ userId, grantId, ...NO_CHANGE, ...change }, context);
const stored = async ({ userId, grantId }: RoleGrant) => (await fixture.grants.getGrant({ userId, grantId })).grant;
const approve = async ({ userId, grantId }: RoleGrant) => {
  await fixture.grants.approveGrant({ userId, grantId, reason: '' });
};

describe('updating a grant', () => {
  it('replaces what is given, and leaves the rest', async () => {
    const grant = await makeGrant(fixture, { scope: 'tenant/7' });
    const period = { validFrom: LONG_AGO, validUntil: FAR_AWAY };
    const condition = 'request.authentication_level >= 2';
    const timed = await update(grant, { period });
    expect(timed.grant).toEqual({ ...grant, ...period, updatedAt: expect.any(Date) });
    const bound = await update(grant, { condition, reason: 'Audit' });
    expect(bound.grant).toEqual({ ...grant, ...period, condition, reason: 'Audit', updatedAt: expect.any(Date) });
    expect(await stored(grant)).toEqual(bound.grant);
    const freed = await update(grant, { condition: '', reason: '', period: NO_TIMES });
    expect(freed.grant).toEqual({ ...grant, updatedAt: expect.any(Date) });
    expect(freed.revision).toBe(4n);
    expect(parseToken(freed.consistencyToken).user).toEqual({ id: grant.userId, revision: 4n });
  });

  it('takes effect at once, from memory too', async () => {
    const grant = await makeGrant(fixture, { permissions: ['doors:open'] });
    const ask = () => fixture.allowed(grant.userId, 'doors:open');
    await fixture.warm(grant.userId);
    expect(await ask()).toBe(true);
    const suspended = await update(grant, { statusChange: SUSPEND });
    expect(suspended.grant?.status).toBe(GrantStatus.GRANT_STATUS_SUSPENDED);
    expect(await ask()).toBe(false);
    const resumed = await update(grant, { statusChange: RESUME });
    expect(resumed.grant?.status).toBe(GrantStatus.GRANT_STATUS_ACTIVE);
    expect(await fixture.allowed(grant.userId, 'doors:open', atLeast(resumed.consistencyToken))).toBe(true);
    await update(grant, { period: { ...NO_TIMES, validFrom: FAR_AWAY } });
    expect(await ask()).toBe(false);
  });

  it('leaves an audit event that says what has changed, and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_grant_updated_total');
    const grant = await makeGrant(fixture);
    await update(grant, { reason: 'Audit', period: { ...NO_TIMES, validUntil: FAR_AWAY }, statusChange: SUSPEND });
    await update(grant, { reason: 'Audit', period: NO_TIMES, statusChange: SUSPEND }, context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'grant.updated',
        userId: grant.userId,
        attributes: { grant_id: grant.grantId, role_id: grant.roleId, valid_until: 'none' },
      }),
    ]);
    expect(await fixture.metric('authz_grant_updated_total')).toBe(before + 2);
  });

  it('has what was approved approved again when its times or condition change, and only then', async () => {
    const grant = await makeGrant(fixture, { requiresApproval: true, permissions: ['vault:open'] });
    await approve(grant);
    expect((await update(grant, { reason: 'Audit' })).grant?.status).toBe(GrantStatus.GRANT_STATUS_ACTIVE);
    const changes: Partial<UpdateGrantRequest>[] = [
      { period: { ...NO_TIMES, validUntil: FAR_AWAY } },
      { condition: 'request.authentication_level >= 0' },
    ];
    for (const change of changes) {
      const { grant: changed } = await update(grant, change);
      expect(changed).toMatchObject({ status: GrantStatus.GRANT_STATUS_PENDING, approvedAt: undefined });
      expect(await fixture.allowed(grant.userId, 'vault:open', FULLY)).toBe(false);
      await approve(grant);
    }
  });

  it('neither suspends nor resumes what waits for approval', async () => {
    const grant = await makeGrant(fixture, { requiresApproval: true });
    for (const statusChange of [SUSPEND, RESUME]) {
      await expect(update(grant, { statusChange })).rejects.toMatchObject({
        kind: 'precondition',
        reason: 'GRANT_PENDING',
      });
    }
    expect(await stored(grant)).toEqual(grant);
  });

  it('refuses times at which it would never hold, and a condition that is none', async () => {
    const grant = await makeGrant(fixture);
    for (const period of [
      { ...NO_TIMES, validUntil: LONG_AGO },
      { validFrom: FAR_AWAY, validUntil: FAR_AWAY },
    ]) {
      await expect(update(grant, { period })).rejects.toMatchObject({
        kind: 'invalid',
        reason: 'GRANT_PERIOD_INVALID',
      });
    }
    await expect(update(grant, { condition: 'request.' })).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'CONDITION_INVALID',
    });
    expect(await stored(grant)).toEqual(grant);
  });

  it('gives back what has ended, unless its role is excluded by now', async () => {
    const grant = await makeGrant(fixture, { permissions: ['gates:open'] });
    const { userId } = grant;
    await endGrant(fixture, grant);
    const { consistencyToken } = await update(grant, { period: NO_TIMES });
    expect(await fixture.allowed(userId, 'gates:open', atLeast(consistencyToken))).toBe(true);
    await endGrant(fixture, grant);
    const other = await makeGrant(fixture, { userId });
    await fixture.rows(
      `insert into authz.role_exclusions (role_id, excluded_role_id, created_at)
       values (least($1::uuid, $2::uuid), greatest($1::uuid, $2::uuid), now())`,
      [grant.roleId, other.roleId],
    );
    await expect(update(grant, { period: NO_TIMES })).rejects.toMatchObject({
      kind: 'precondition',
      reason: 'ROLES_EXCLUDED',
    });
    await update(grant, { reason: 'It stays as it is' });
  });

  it('does not give back the grant after the thousandth', async () => {
    const grant = await makeGrant(fixture);
    await endGrant(fixture, grant);
    await fixture.rows(
      `with made as (
         insert into authz.roles (id, name, level, created_at, updated_at)
         select gen_random_uuid(), 'crowd-' || n, 0, now(), now() from generate_series(1, 1000) n returning id)
       insert into authz.role_grants (user_id, id, role_id, granted_at)
       select $1::uuid, gen_random_uuid(), id, now() from made`,
      [grant.userId],
    );
    await expect(update(grant, { period: NO_TIMES })).rejects.toMatchObject({
      kind: 'limited',
      reason: 'GRANTS_TOO_MANY',
    });
  });

  it('is done only on the revision that it is based on', async () => {
    const grant = await makeGrant(fixture);
    await expect(update(grant, { reason: 'a', mustMatchRevision: 0n })).rejects.toMatchObject(mismatch(0n, 1n));
    const { revision } = await update(grant, { reason: 'b', mustMatchRevision: 1n });
    expect(revision).toBe(2n);
    await expect(update(grant, { reason: 'c', mustMatchRevision: 1n })).rejects.toMatchObject(mismatch(1n, 2n));
    expect((await stored(grant))?.reason).toBe('b');
  });

  it('is done once of twenty that are based on the same revision', async () => {
    const grant = await makeGrant(fixture);
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => update(grant, { reason: `no. ${index}`, mustMatchRevision: 1n })),
    );
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(19).fill('REVISION_MISMATCH'));
  });

  it('refuses a grant that is not there, and leaves no trace', async () => {
    const [userId, grantId] = [randomUUID(), randomUUID()];
    await expect(fixture.grants.updateGrant({ userId, grantId, ...NO_CHANGE })).rejects.toMatchObject({
      kind: 'missing',
      reason: 'GRANT_NOT_FOUND',
    });
    expect(await fixture.rows('select from authz.revisions where user_id = $1', [userId])).toEqual([]);
  });

  it.each([
    ['user_id', { userId: 'ada' }],
    ['grant_id', { grantId: '' }],
    ['condition', { condition: 'x'.repeat(1_025) }],
    ['reason', { reason: 'x'.repeat(1_001) }],
    ['must_match_revision', { mustMatchRevision: 2n ** 63n }],
  ])('refuses a wrong %s', async (field, change) => {
    const request = { userId: randomUUID(), grantId: randomUUID(), ...NO_CHANGE, ...change };
    await expect(fixture.grants.updateGrant(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
