import { randomUUID } from 'node:crypto';
import { GrantStatus, type RoleGrant } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { atLeast, type Fixture, startFixture, traced } from './fixture.ts';
import { makeGrant, mismatch, NO_CHANGE, NO_TIMES } from './grants.ts';
import { type SignIn, startSessions } from './sign-in.ts';

let sessions: SignIn;
let fixture: Fixture;

beforeAll(async () => {
  sessions = await startSessions();
  fixture = await startFixture({ env: sessions.env });
});
afterAll(async () => {
  await fixture?.stop();
  await sessions?.stop();
});

const approve = ({ userId, grantId }: RoleGrant, context = {}, mustMatchRevision?: bigint) =>
  fixture.grants.approveGrant({ userId, grantId, reason: 'Four eyes', mustMatchRevision }, context);
const pending = () => makeGrant(fixture, { requiresApproval: true, permissions: ['vault:open'] });
const NOT_PENDING = { kind: 'precondition', reason: 'GRANT_NOT_PENDING' };
const SELF = { kind: 'denied', reason: 'SELF_APPROVAL' };

describe('approving a grant', () => {
  it('makes it count at once, from memory too', async () => {
    const grant = await pending();
    await fixture.warm(grant.userId);
    expect(await fixture.allowed(grant.userId, 'vault:open')).toBe(false);
    const approved = await approve(grant);
    expect(approved).toMatchObject({
      grant: { ...grant, status: GrantStatus.GRANT_STATUS_ACTIVE, approvedAt: expect.any(Date) },
      revision: 2n,
    });
    expect(await fixture.allowed(grant.userId, 'vault:open')).toBe(true);
    expect(await fixture.allowed(grant.userId, 'vault:open', atLeast(approved.consistencyToken))).toBe(true);
  });

  it('leaves an audit event and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_grant_approved_total');
    const grant = await pending();
    await approve(grant, context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'grant.approved',
        userId: grant.userId,
        attributes: { grant_id: grant.grantId, role_id: grant.roleId, reason: 'Four eyes' },
      }),
    ]);
    expect(await fixture.metric('authz_grant_approved_total')).toBe(before + 1);
  });

  it('is for somebody else than who granted it', async () => {
    const [one, other] = [await sessions.signIn(), await sessions.signIn()];
    const { grant } = await fixture.operator.grantRole(
      {
        userId: randomUUID(),
        roleId: await fixture.role(),
        reason: '',
        scope: '',
        validFrom: undefined,
        validUntil: undefined,
        condition: '',
        requiresApproval: true,
      },
      one,
    );
    if (!grant) throw new Error('There is no grant.');
    await expect(approve(grant, one)).rejects.toMatchObject(SELF);
    expect((await approve(grant, other)).grant?.approvedBy).toBe(other.userId);
  });

  it('is for somebody else than who changed it last', async () => {
    const [one, other] = [await sessions.signIn(), await sessions.signIn()];
    const grant = await pending();
    const { userId, grantId } = grant;
    await fixture.grants.updateGrant(
      { userId, grantId, ...NO_CHANGE, condition: 'request.authentication_level >= 1' },
      one,
    );
    await expect(approve(grant, one)).rejects.toMatchObject(SELF);
    await approve(grant, other);
  });

  it('refuses what does not wait for it', async () => {
    const active = await makeGrant(fixture);
    await expect(approve(active)).rejects.toMatchObject(NOT_PENDING);
    const approved = await pending();
    await approve(approved);
    await expect(approve(approved)).rejects.toMatchObject(NOT_PENDING);
  });

  it('happens once of twenty at once', async () => {
    const grant = await pending();
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => approve(grant)));
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(19).fill('GRANT_NOT_PENDING'));
  });

  it('approves nothing but what was looked at', async () => {
    const grant = await pending();
    const { userId, grantId } = grant;
    await fixture.grants.updateGrant({ userId, grantId, ...NO_CHANGE, period: NO_TIMES });
    await expect(approve(grant, {}, 1n)).rejects.toMatchObject(mismatch(1n, 2n));
    expect((await approve(grant, {}, 2n)).revision).toBe(3n);
  });

  it('refuses a grant that is not there', async () => {
    const request = { userId: randomUUID(), grantId: randomUUID(), reason: '' };
    await expect(fixture.grants.approveGrant(request)).rejects.toMatchObject({
      kind: 'missing',
      reason: 'GRANT_NOT_FOUND',
    });
  });

  it.each([
    ['user_id', { userId: '' }],
    ['grant_id', { grantId: 'x' }],
    ['reason', { reason: 'x'.repeat(1_001) }],
    ['must_match_revision', { mustMatchRevision: 2n ** 63n }],
  ])('refuses a wrong %s', async (field, change) => {
    const request = { userId: randomUUID(), grantId: randomUUID(), reason: '', ...change };
    await expect(fixture.grants.approveGrant(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
