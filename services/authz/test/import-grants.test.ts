import { randomUUID } from 'node:crypto';
import { GrantStatus } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { ImportGrantsResponse, PortableGrant } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { seededChance } from '@gatehouse/testing/chance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, FULLY, startFixture, traced } from './fixture.ts';
import { endGrant, FIRST_PAGE, makeGrant } from './grants.ts';
import { ordered } from './model.ts';
import { apply, arrayOf } from './policies.ts';

const { next } = seededChance();
let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
  await apply(fixture.policies, {
    permissions: ['doors:open'],
    roles: [
      { name: 'porter', permissions: ['doors:open'] },
      { name: 'clerk' },
      { name: 'head-clerk', parent: 'clerk' },
      { name: 'auditor' },
      { name: 'other' },
    ],
    exclusions: [['clerk', 'auditor']],
  });
});
afterAll(() => fixture?.stop());

const grant = (change: Partial<PortableGrant> = {}): PortableGrant => ({
  userId: randomUUID(),
  role: { $case: 'roleName', value: 'porter' },
  scope: '',
  validFrom: undefined,
  validUntil: undefined,
  condition: '',
  reason: '',
  status: GrantStatus.GRANT_STATUS_UNSPECIFIED,
  ...change,
});
const named = (value: string) => ({ $case: 'roleName' as const, value });
const send = async (...batches: PortableGrant[][]): Promise<ImportGrantsResponse[]> =>
  arrayOf(fixture.policies.importGrants(batches.map((grants) => ({ grants }))));
const take = async (...grants: PortableGrant[]): Promise<ImportGrantsResponse> => {
  const [answer] = await send(grants);
  if (!answer) throw new Error('There is no answer.');
  return answer;
};
const made = (granted: number, unchanged = 0) => ({ granted, unchanged, refused: [] });
const refusal = (index: number, reason: string) => ({ index, reason, message: expect.any(String) });
const ofUser = async (userId: string) => {
  const { grants } = await fixture.grants.listGrants({ ...FIRST_PAGE, of: { $case: 'userId', value: userId } });
  return grants.map((each) => each.grant);
};
const revisionOf = async (userId: string) => {
  const [row] = await fixture.rows<{ revision: bigint }>('select revision from authz.revisions where user_id = $1', [
    userId,
  ]);
  return row?.revision ?? 0n;
};
const LATER = new Date(Date.now() + 3_600_000);

describe('importing grants', () => {
  it('makes them with all that they say, by name or id of the role, seen by checks at once', async () => {
    const { roles } = await fixture.model.listRoles({ parentRoleId: '', pageSize: 0, pageToken: '' });
    const roleId = roles.find(({ name }) => name === 'porter')?.roleId ?? '';
    const [one, other] = [randomUUID(), randomUUID()];
    for (const userId of [one, other]) await fixture.warm(userId);
    const full = {
      scope: 'tenant/7',
      validFrom: new Date(0),
      validUntil: LATER,
      condition: 'request.authentication_level >= 2',
      reason: 'Night shift',
    };
    const answers = await send(
      [
        grant({ userId: one, role: { $case: 'roleId', value: roleId } }),
        grant({ userId: other, status: GrantStatus.GRANT_STATUS_SUSPENDED }),
      ],
      [
        grant({ userId: one, ...full }),
        grant({ userId: other, scope: 'a/1', status: GrantStatus.GRANT_STATUS_PENDING }),
      ],
    );
    expect(answers).toEqual([made(2), made(2)]);
    expect(await fixture.allowed(one, 'doors:open')).toBe(true);
    expect(await fixture.allowed(other, 'doors:open', FULLY)).toBe(false);
    expect(await ofUser(one)).toEqual([
      expect.objectContaining({ ...full, roleId, status: GrantStatus.GRANT_STATUS_ACTIVE, grantedBy: '' }),
      expect.objectContaining({ roleId, scope: '', reason: '' }),
    ]);
    expect((await ofUser(other)).map((each) => each?.status)).toEqual([
      GrantStatus.GRANT_STATUS_PENDING,
      GrantStatus.GRANT_STATUS_SUSPENDED,
    ]);
  });

  it('leaves what is there, so that an import can be sent again from its start', async () => {
    const grants = Array.from({ length: 30 }, () => grant({ scope: 'tenant/7', validUntil: LATER }));
    const [first] = grants;
    expect(await take(...grants.slice(0, 20))).toEqual(made(20));
    const before = await revisionOf(first?.userId ?? '');
    expect(await take(...grants)).toEqual(made(10, 20));
    expect(await take(...grants)).toEqual(made(0, 30));
    expect(await revisionOf(first?.userId ?? '')).toBe(before);
    // Also twice in one request, and once it is suspended.
    await fixture.rows(`update authz.role_grants set status = 'suspended' where user_id = $1`, [first?.userId]);
    const twice = grant();
    expect(await take(...grants.slice(0, 1), twice, twice)).toEqual(made(1, 2));
  });

  it('takes the place of a grant that has ended', async () => {
    const ended = await makeGrant(fixture);
    const { userId, grantId } = ended;
    const [row] = await fixture.rows<{ name: string }>(
      'select r.name from authz.roles r join authz.role_grants g on g.role_id = r.id where g.id = $1',
      [grantId],
    );
    const again = grant({ userId, role: named(row?.name ?? '') });
    expect(await take(again)).toEqual(made(0, 1));
    await endGrant(fixture, ended);
    expect(await take(again)).toEqual(made(1));
    expect(await ofUser(userId)).toHaveLength(1);
  });

  it('leaves an audit event for each, and counts them', async () => {
    const before = await fixture.metric('authz_role_granted_total');
    const context = traced();
    const grants = [grant({ scope: 'tenant/7', reason: 'Why' }), grant()];
    await arrayOf(fixture.policies.importGrants([{ grants }], context));
    const events = await fixture.eventsOf(context.requestId, 2);
    expect(events).toEqual([
      expect.objectContaining({
        eventType: 'role.granted',
        userId: grants[0]?.userId,
        attributes: expect.objectContaining({ role: 'porter', scope: 'tenant/7', reason: 'Why' }),
      }),
      expect.objectContaining({ eventType: 'role.granted', userId: grants[1]?.userId }),
    ]);
    expect(await fixture.metric('authz_role_granted_total')).toBe(before + 2);
  });

  it('refuses what GrantRole refuses, each for itself', async () => {
    const userId = randomUUID();
    await take(grant({ userId, role: named('head-clerk') }));
    const { granted, unchanged, refused } = await take(
      grant({ role: named('nobody-knows') }),
      grant({ role: { $case: 'roleId', value: randomUUID() } }),
      grant({ condition: 'nonsense(' }),
      grant({ validUntil: new Date(0) }),
      grant({ validFrom: LATER, validUntil: LATER }),
      grant({ userId, role: named('auditor') }),
      grant({ userId, role: named('head-clerk'), validUntil: LATER }),
      grant({ userId, role: named('head-clerk'), condition: 'true' }),
      grant({ userId, role: named('porter') }),
      grant({ userId: '00000000-0000-4000-8000-000000000001', role: named('auditor') }),
      grant({ userId: '00000000-0000-4000-8000-000000000001', role: named('clerk'), scope: 'a/1' }),
    );
    expect([granted, unchanged]).toEqual([2, 0]);
    expect(refused).toEqual([
      refusal(0, 'ROLE_NOT_FOUND'),
      refusal(1, 'ROLE_NOT_FOUND'),
      refusal(2, 'CONDITION_INVALID'),
      refusal(3, 'GRANT_PERIOD_INVALID'),
      refusal(4, 'GRANT_PERIOD_INVALID'),
      refusal(5, 'ROLES_EXCLUDED'),
      refusal(6, 'GRANT_EXISTS'),
      refusal(7, 'GRANT_EXISTS'),
      refusal(10, 'ROLES_EXCLUDED'),
    ]);
  });

  it('refuses more than a user can have', async () => {
    const userId = randomUUID();
    const many = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => grant({ userId, scope: `a/${from + index}` }));
    expect(await take(...many(0, 999))).toEqual(made(999));
    const { granted, refused } = await take(...many(998, 1_002));
    expect(granted).toBe(1);
    expect(refused).toEqual([refusal(2, 'GRANTS_TOO_MANY'), refusal(3, 'GRANTS_TOO_MANY')]);
  });

  it('ends at a request that breaks a limit, with those before it made', async () => {
    const first = grant();
    const answers: ImportGrantsResponse[] = [];
    const requests = [{ grants: [first] }, { grants: [grant(), grant({ scope: 'no scope' })] }];
    const read = async () => {
      for await (const answer of fixture.policies.importGrants(requests)) answers.push(answer);
    };
    await expect(read()).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'grants[1].scope' })],
    });
    expect(answers).toEqual([made(1)]);
    for (const grants of [[], [grant({ userId: 'x' })], [grant({ role: undefined })]]) {
      await expect(send(grants)).rejects.toMatchObject({ reason: 'FIELD_INVALID' });
    }
  });

  it('many at once, for the same users in any order, wait for one another and never for ever', async () => {
    const users = Array.from({ length: 40 }, () => randomUUID());
    const batch = (scope: string) => [...users].sort(() => next() - 0.5).map((userId) => grant({ userId, scope }));
    const scopes = Array.from({ length: 8 }, (_, index) => `a/${index}`);
    const answers = await Promise.all([
      ...scopes.flatMap((scope) => [take(...batch(scope)), take(...batch(scope))]),
      apply(fixture.policies, { roles: [{ name: 'porter', parent: 'other', permissions: ['doors:open'] }] }),
    ]);
    const counts = answers.flatMap((answer) => ('granted' in answer ? [answer] : []));
    expect(counts.reduce((sum, { granted }) => sum + granted, 0)).toBe(users.length * scopes.length);
    expect(counts.reduce((sum, { unchanged }) => sum + unchanged, 0)).toBe(users.length * scopes.length);
    expect((await ofUser(users[0] ?? '')).length).toBe(scopes.length);
  });

  it('lets no exclusion slip in between', async () => {
    const roles = await Promise.all(
      [0, 1].map(async () => {
        const name = `role-${randomUUID()}`;
        return { name, roleId: await fixture.role({ name }) };
      }),
    );
    const [one, other] = roles;
    if (!one || !other) throw new Error('There are no roles.');
    const userId = randomUUID();
    const [imported, excluded] = await Promise.allSettled([
      take(grant({ userId, role: named(one.name) }), grant({ userId, role: named(other.name) })),
      fixture.model.createRoleExclusion({ ...ordered(one.roleId, other.roleId), reason: '' }),
    ]);
    const held = await ofUser(userId);
    if (excluded.status === 'fulfilled') expect(held).toHaveLength(1);
    else expect(imported).toMatchObject({ value: made(2) });
  });
});
