import { randomUUID } from 'node:crypto';
import {
  AuthzServiceService,
  type CheckContext,
  Decision,
  type GrantRoleRequest,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALWAYS, atLeast, type Fixture, permission, question, startFixture } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const NO_CONTEXT: CheckContext = {
  ip: '',
  authenticationLevel: 0,
  resourceAttributes: undefined,
  attributes: undefined,
};

async function ask(
  userId: string,
  name: string,
  { resource = '', context, token }: { resource?: string; context?: Partial<CheckContext>; token?: string } = {},
) {
  const app = fixture.service.connectAs('app/test', AuthzServiceService);
  return app.check({
    ...question(userId, name),
    resource,
    context: context && { ...NO_CONTEXT, ...context },
    consistency: token === undefined ? undefined : { requirement: atLeast(token) },
  });
}

async function granted(roleId: string, change: Partial<GrantRoleRequest>) {
  const userId = randomUUID();
  const request = { userId, roleId, reason: '', ...ALWAYS, ...change };
  const { consistencyToken: token } = await fixture.operator.grantRole(request);
  return { userId, token };
}

const allowed = { decision: Decision.DECISION_ALLOWED, undetermined: '' };
const denied = { decision: Decision.DECISION_DENIED, undetermined: '' };

describe('a grant with a scope', () => {
  it.each([
    ['tenant/7', 'tenant/7', true],
    ['tenant/7', 'tenant/7/project/42', true],
    ['tenant/7', 'tenant/70', false],
    ['tenant/7', 'tenant/8/project/42', false],
    ['tenant/7', '', false],
    ['tenant/7/project/42', 'tenant/7', false],
    ['project/42', 'tenant/7/project/42', false],
    ['', 'tenant/7/project/42', true],
  ])('of "%s" counts on "%s": %s', async (scope, resource, counts) => {
    const { userId, token } = await granted(await fixture.role({ permissions: ['scoped:read'] }), { scope });
    expect(await ask(userId, 'scoped:read', { resource, token })).toEqual(counts ? allowed : denied);
  });

  it('may be had beside another of the same role', async () => {
    const roleId = await fixture.role({ permissions: ['scoped:read'] });
    const { userId } = await granted(roleId, { scope: 'tenant/1' });
    const request = { userId, roleId, reason: '', ...ALWAYS, scope: 'tenant/2' };
    const { consistencyToken } = await fixture.operator.grantRole(request);
    await expect(fixture.operator.grantRole(request)).rejects.toMatchObject({ reason: 'GRANT_EXISTS' });
    for (const resource of ['tenant/1', 'tenant/2']) {
      expect(await ask(userId, 'scoped:read', { resource, token: consistencyToken })).toEqual(allowed);
    }
    const revoked = await fixture.operator.revokeRole({ userId, roleId, reason: '', scope: 'tenant/1' });
    const token = revoked.consistencyToken;
    expect(await ask(userId, 'scoped:read', { resource: 'tenant/1', token })).toEqual(denied);
    expect(await ask(userId, 'scoped:read', { resource: 'tenant/2', token })).toEqual(allowed);
  });
});

describe('a grant with times', () => {
  const hour = 3_600_000;

  it('does not count before it begins, and is known to begin', async () => {
    const roleId = await fixture.role({ permissions: ['timed:read'] });
    const { userId, token } = await granted(roleId, { validFrom: new Date(Date.now() + hour) });
    expect(await ask(userId, 'timed:read', { token })).toEqual(denied);
  });

  it('counts from memory until it ends, and not a moment longer', async () => {
    const roleId = await fixture.role({ permissions: ['timed:read'] });
    const validUntil = new Date(Date.now() + 2_000);
    const { userId, token } = await granted(roleId, { validUntil });
    const before = await ask(userId, 'timed:read', { token });
    // A machine that took two seconds to ask has nothing to say about the time before.
    if (Date.now() < validUntil.getTime() - 500) expect(before).toEqual(allowed);
    await waitFor(async () => (await ask(userId, 'timed:read')).decision === Decision.DECISION_DENIED);
    expect(Date.now()).toBeGreaterThan(validUntil.getTime() - 500);
    expect(await ask(userId, 'timed:read', { token })).toEqual(denied);
  });

  it('that has ended does not stand in the way of a new one', async () => {
    const roleId = await fixture.role({ permissions: ['timed:read'] });
    const userId = randomUUID();
    await fixture.rows(
      `insert into authz.role_grants (user_id, id, role_id, granted_at, valid_until)
       values ($1, gen_random_uuid(), $2, now() - interval '2 hours', now() - interval '1 hour')`,
      [userId, roleId],
    );
    const token = await fixture.grant(userId, roleId);
    expect(await ask(userId, 'timed:read', { token })).toEqual(allowed);
  });

  it.each([
    ['ends before it begins', { validFrom: new Date(Date.now() + 2 * hour), validUntil: new Date(Date.now() + hour) }],
    ['has ended', { validUntil: new Date(Date.now() - hour) }],
  ])('is refused when it %s', async (_, times) => {
    await expect(granted(await fixture.role(), times)).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'GRANT_PERIOD_INVALID',
      fields: [expect.objectContaining({ field: 'valid_until' })],
    });
  });
});

describe('a denied permission', () => {
  async function role(permissions: string[], deniedPermissions: string[], parentRoleId = '', condition = '') {
    for (const name of [...permissions, ...deniedPermissions]) {
      await fixture.operator.createPermission(permission(name)).catch(() => {});
    }
    const name = `role-${randomUUID()}`;
    const made = await fixture.operator.createRole({
      name,
      description: '',
      parentRoleId,
      permissions,
      denialConditions: condition === '' ? [] : deniedPermissions.map((each) => ({ permission: each, condition })),
      deniedPermissions,
    });
    return made.role?.roleId ?? '';
  }

  it('beats what the same role, its ancestors and other roles allow', async () => {
    const top = await role(['salaries:*'], []);
    const below = await role(['*:read'], ['salaries:read'], top);
    const userId = randomUUID();
    await fixture.grant(userId, top);
    const token = await fixture.grant(userId, below);
    expect(await ask(userId, 'salaries:read', { token })).toEqual(denied);
    expect(await ask(userId, 'salaries:write', { token })).toEqual(allowed);
    expect(await ask(userId, 'invoices:read', { token })).toEqual(allowed);
  });

  it('is denied only where the role was given', async () => {
    const userId = randomUUID();
    await fixture.grant(userId, await role(['salaries:read'], []));
    const request = { userId, roleId: await role([], ['*:*']), reason: '', ...ALWAYS, scope: 'tenant/7' };
    const { consistencyToken: token } = await fixture.operator.grantRole(request);
    expect(await ask(userId, 'salaries:read', { resource: 'tenant/7/person/1', token })).toEqual(denied);
    expect(await ask(userId, 'salaries:read', { resource: 'tenant/8/person/1', token })).toEqual(allowed);
  });

  it('is denied whatever the condition of the permission comes to', async () => {
    const name = `signed-${randomUUID()}:open`;
    await fixture.operator.createPermission({ ...permission(name), condition: 'request.authentication_level >= 2' });
    const userId = randomUUID();
    await fixture.grant(userId, await role(['*:*'], []));
    const strong = { context: { authenticationLevel: 2 } };
    const before = await fixture.grant(userId, await role([], ['unrelated:thing']));
    expect(await ask(userId, name, { token: before })).toEqual(allowed);
    const token = await fixture.grant(userId, await role([], [name]));
    expect(await ask(userId, name, { token })).toEqual(denied);
    expect(await ask(userId, name, { token, ...strong })).toEqual(denied);
  });

  it('is denied under a condition of its own while that is true or unknown', async () => {
    const name = `sealed-${randomUUID()}:open`;
    const userId = randomUUID();
    await fixture.grant(userId, await role([name], []));
    const token = await fixture.grant(userId, await role([], [name], '', '!request.ip.inCidr("10.0.0.0/8")'));
    expect(await ask(userId, name, { token, context: { ip: '10.1.2.3' } })).toEqual(allowed);
    expect(await ask(userId, name, { token, context: { ip: '11.1.2.3' } })).toEqual(denied);
    expect(await ask(userId, name, { token })).toEqual({
      decision: Decision.DECISION_DENIED,
      undetermined: 'The address of the caller is not known.',
    });
  });

  it('is plainly denied where no fact could change that', async () => {
    const name = `shut-${randomUUID()}:open`;
    const roleId = await role([], [name], '', 'context.shut == true');
    const userId = randomUUID();
    const token = await fixture.grant(userId, roleId);
    expect(await ask(userId, name, { token })).toEqual(denied);
  });

  it('can not be held by the same role as well', async () => {
    await expect(role(['salaries:read'], ['salaries:read'])).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'denied_permissions' })],
    });
  });
});

describe('a condition', () => {
  it('of a grant looks at the request', async () => {
    const roleId = await fixture.role({ permissions: ['guarded:read'] });
    const condition = 'request.ip.inCidr("10.0.0.0/8") && request.authentication_level >= 2';
    const { userId, token } = await granted(roleId, { condition });
    const from = (ip: string, authenticationLevel: number) =>
      ask(userId, 'guarded:read', { token, context: { ip, authenticationLevel } });
    expect(await from('10.1.2.3', 2)).toEqual(allowed);
    expect(await from('10.1.2.3', 1)).toEqual(denied);
    expect(await from('11.1.2.3', 2)).toEqual(denied);
    expect(await from('', 2)).toEqual({
      decision: Decision.DECISION_DENIED,
      undetermined: 'The address of the caller is not known.',
    });
    expect(await ask(userId, 'guarded:read', { token })).toMatchObject({ decision: Decision.DECISION_DENIED });
  });

  it('of a permission looks at the resource and the context, and is undetermined without them', async () => {
    const name = `owned-${randomUUID()}:edit`;
    const condition = 'resource.owner == request.user_id || context.emergency == true';
    await fixture.operator.createPermission({ ...permission(name), condition });
    const made = {
      name: `role-${randomUUID()}`,
      description: '',
      parentRoleId: '',
      denialConditions: [],
      deniedPermissions: [],
    };
    const { role } = await fixture.operator.createRole({ ...made, permissions: [name] });
    const userId = randomUUID();
    const token = await fixture.grant(userId, role?.roleId ?? '');
    const about = (owner: string, attributes = {}) =>
      ask(userId, name, { token, context: { resourceAttributes: { owner }, attributes } });
    expect(await about(userId)).toEqual(allowed);
    expect(await about('somebody', { emergency: true })).toEqual(allowed);
    expect(await about('somebody', { emergency: false })).toEqual(denied);
    expect(await about('somebody')).toEqual({
      decision: Decision.DECISION_DENIED,
      undetermined: 'No such key: emergency.',
    });
  });

  it.each([
    ['request.nope == 1', /^No such key: nope\./, '8'],
    ['1 + 1', 'It is of type int, not bool. (line 1, column 1)', '0'],
    ['request.ip.matches("a+")', /Regular expressions are not available/, '0'],
  ])('that is wrong is refused with what and where: %s', async (condition, why, position) => {
    const refusal = {
      kind: 'invalid',
      reason: 'CONDITION_INVALID',
      fields: [{ field: 'condition', description: why instanceof RegExp ? expect.stringMatching(why) : why }],
      metadata: { position },
    };
    await expect(granted(await fixture.role(), { condition })).rejects.toMatchObject(refusal);
    const created = fixture.operator.createPermission({ ...permission(`x-${randomUUID()}:y`), condition });
    await expect(created).rejects.toMatchObject(refusal);
  });
});

describe('roles that exclude each other', () => {
  it('are not held together, whether themselves or through descendants', async () => {
    const [buyer, approver] = [await fixture.role(), await fixture.role()];
    const juniorBuyer = await fixture.role({ parentRoleId: buyer });
    const [roleId, excludedRoleId] = [buyer, approver].sort();
    await fixture.rows(
      'insert into authz.role_exclusions (role_id, excluded_role_id, created_at) values ($1, $2, now())',
      [roleId, excludedRoleId],
    );
    const { userId } = await granted(juniorBuyer, { scope: 'tenant/7' });
    const request = { userId, roleId: approver, reason: '', ...ALWAYS };
    await expect(fixture.operator.grantRole(request)).rejects.toMatchObject({
      kind: 'precondition',
      reason: 'ROLES_EXCLUDED',
      metadata: { role_id: roleId, excluded_role_id: excludedRoleId },
    });
    await fixture.operator.revokeRole({ userId, roleId: juniorBuyer, reason: '', scope: 'tenant/7' });
    await fixture.operator.grantRole(request);
  });
});

describe('a check is refused', () => {
  const context = (change: Partial<CheckContext>) => ({ context: change });
  let deep: unknown = 1;
  for (let level = 0; level < 9; level += 1) deep = [deep];

  it.each([
    ['resource', { resource: 'tenant' }],
    ['resource', { resource: 'tenant/7/' }],
    ['resource', { resource: 'Ten:ant/7' }],
    ['resource', { resource: Array.from({ length: 9 }, () => 'a/b').join('/') }],
    ['context.ip', context({ ip: 'localhost' })],
    ['context.authentication_level', context({ authenticationLevel: 256 })],
    ['context.attributes', context({ attributes: { list: Array.from({ length: 256 }, () => 1) } })],
    ['context.attributes', context({ attributes: { deep } })],
    ['context.resource_attributes', context({ resourceAttributes: { text: 'x'.repeat(1_025) } })],
    ['context.resource_attributes', context({ resourceAttributes: { ['x'.repeat(1_025)]: 1 } })],
  ])('with the field %s (%#)', async (field, change) => {
    await expect(ask(randomUUID(), 'a:b', change)).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });

  it('not when its context is as large as it may be', async () => {
    const attributes = { list: Array.from({ length: 255 }, () => 'x'.repeat(100)) };
    expect(await ask(randomUUID(), 'a:b', context({ attributes }))).toEqual(denied);
  });
});
