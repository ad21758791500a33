import { randomUUID } from 'node:crypto';
import { matches } from '@gatehouse/client/policy';
import {
  AuthzServiceService,
  Decision,
  Effect,
  type ListUserPermissionsRequest,
  Standing,
  type UserPermission,
} from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { rounds } from '@gatehouse/testing/chance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatToken } from '../src/domain/consistency.ts';
import { ALWAYS, atLeast, type Fixture, FULLY, permission, startFixture } from './fixture.ts';
import { CONTEXTS, NAMES, RESOURCES, storeRandomPolicies } from './random-policies.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const app = (peer = 'app/test') => fixture.service.connectAs(peer, AuthzServiceService);
const asked = (userId: string, change: Partial<ListUserPermissionsRequest> = {}): ListUserPermissionsRequest => ({
  userId,
  resource: '',
  context: undefined,
  consistency: { requirement: FULLY },
  pageSize: 0,
  pageToken: '',
  ...change,
});

async function listAll(userId: string, change: Partial<ListUserPermissionsRequest> = {}): Promise<UserPermission[]> {
  const all: UserPermission[] = [];
  for (let pageToken = ''; ; ) {
    const page = await app().listUserPermissions(asked(userId, { ...change, pageToken }));
    all.push(...page.permissions);
    pageToken = page.nextPageToken;
    if (pageToken === '') return all;
  }
}

async function role(permissions: string[], deniedPermissions: string[] = [], parentRoleId = '') {
  for (const name of [...permissions, ...deniedPermissions]) {
    await fixture.operator.createPermission(permission(name)).catch(() => {});
  }
  const name = `role-${randomUUID()}`;
  const made = await fixture.operator.createRole({
    name,
    description: '',
    parentRoleId,
    permissions,
    denialConditions: [],
    deniedPermissions,
  });
  return { roleId: made.role?.roleId ?? '', name };
}

describe('the permissions of a user', () => {
  it('name each role through which one comes, up to the one that holds it', async () => {
    const top = await role(['documents:*']);
    const below = await role(['invoices:read'], [], top.roleId);
    const userId = randomUUID();
    const validUntil = new Date(Date.now() + 3_600_000);
    const grant = { userId, roleId: below.roleId, reason: '', ...ALWAYS };
    await fixture.operator.grantRole({ ...grant, scope: 'tenant/7', validUntil, condition: 'context.open == true' });
    const resource = 'tenant/7/project/42';
    const context = { ip: '', authenticationLevel: 0, resourceAttributes: undefined, attributes: { open: true } };
    const common = {
      effect: Effect.EFFECT_ALLOW,
      scope: 'tenant/7',
      validFrom: undefined,
      validUntil,
      grantCondition: 'context.open == true',
      permissionCondition: '',
      standing: Standing.STANDING_COUNTS,
      undetermined: '',
    };
    expect(await listAll(userId, { resource, context })).toEqual([
      { ...common, name: 'invoices:read', roles: [below], decision: Decision.DECISION_ALLOWED },
      { ...common, name: 'documents:*', roles: [below, top], decision: Decision.DECISION_UNSPECIFIED },
    ]);
    expect(await listAll(userId, { resource })).toEqual([
      expect.objectContaining({ standing: Standing.STANDING_UNDETERMINED, undetermined: 'No such key: open.' }),
      expect.objectContaining({ standing: Standing.STANDING_UNDETERMINED }),
    ]);
    expect(await listAll(userId, { resource: 'tenant/8' })).toEqual([]);
    expect(await listAll(userId)).toEqual([]);
  });

  it('tell what is denied from what is allowed, and what is allowed in vain', async () => {
    const userId = randomUUID();
    await fixture.grant(userId, (await role(['salaries:read', 'salaries:write'])).roleId);
    await fixture.grant(userId, (await role([], ['*:read'])).roleId);
    const found = (await listAll(userId)).map(({ name, effect, decision }) => ({ name, effect, decision }));
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        { name: 'salaries:read', effect: Effect.EFFECT_ALLOW, decision: Decision.DECISION_DENIED },
        { name: 'salaries:write', effect: Effect.EFFECT_ALLOW, decision: Decision.DECISION_ALLOWED },
        { name: '*:read', effect: Effect.EFFECT_DENY, decision: Decision.DECISION_UNSPECIFIED },
      ]),
    );
  });

  it('have of what is denied the condition of the denial, and of what is allowed that of the permission', async () => {
    const name = `sealed-${randomUUID()}:open`;
    await fixture.operator.createPermission({ ...permission(name), condition: 'context.open == true' });
    const userId = randomUUID();
    await fixture.grant(userId, (await role([name])).roleId);
    const { role: denying } = await fixture.operator.createRole({
      name: `denying-${randomUUID()}`,
      description: '',
      parentRoleId: '',
      permissions: [],
      deniedPermissions: [name],
      denialConditions: [{ permission: name, condition: 'context.shut == true' }],
    });
    await fixture.grant(userId, denying?.roleId ?? '');
    const attributes = { open: false, shut: false };
    const context = { ip: '', authenticationLevel: 0, resourceAttributes: undefined, attributes };
    const found = (await listAll(userId, { context })).map(({ effect, permissionCondition, standing }) => ({
      effect,
      permissionCondition,
      standing,
    }));
    const standing = Standing.STANDING_COUNTS_NOT;
    expect(found).toHaveLength(2);
    expect(found).toEqual(
      expect.arrayContaining([
        { effect: Effect.EFFECT_ALLOW, permissionCondition: 'context.open == true', standing },
        { effect: Effect.EFFECT_DENY, permissionCondition: 'context.shut == true', standing },
      ]),
    );
  });

  it('hold those of a grant that has not begun, which do not count yet', async () => {
    const userId = randomUUID();
    const { roleId } = await role(['later:read']);
    const validFrom = new Date(Date.now() + 3_600_000);
    await fixture.operator.grantRole({ userId, roleId, reason: '', ...ALWAYS, validFrom });
    expect(await listAll(userId)).toEqual([
      expect.objectContaining({ name: 'later:read', validFrom, standing: Standing.STANDING_COUNTS_NOT }),
    ]);
  });

  it('leave a condition on the permission open under a wildcard', async () => {
    const userId = randomUUID();
    const { roleId } = await role(['open:*', 'open:read']);
    const condition = 'request.permission == "open:read"';
    await fixture.operator.grantRole({ userId, roleId, reason: '', ...ALWAYS, condition });
    const standings = (await listAll(userId)).map(({ name, standing }) => [name, standing]);
    expect(standings).toEqual([
      ['open:*', Standing.STANDING_UNDETERMINED],
      ['open:read', Standing.STANDING_COUNTS],
    ]);
  });

  it('come in pages of which none leaves anything out or repeats it', async () => {
    const userId = randomUUID();
    const names = Array.from({ length: 11 }, (_, index) => `paged:n${index}`);
    const top = await role(names);
    const below = await role(names.slice(0, 5), [], top.roleId);
    await fixture.grant(userId, below.roleId);
    await fixture.grant(userId, top.roleId);
    const whole = await listAll(userId);
    expect(whole).toHaveLength(5 + 11 + 11);
    for (const pageSize of [1, 2, 5, 26, 27, 200]) expect(await listAll(userId, { pageSize })).toEqual(whole);
  });

  it('agree with what Check says of every name, on every resource, whatever the conditions', async () => {
    // Each check is read from Postgres: a few of the users will do.
    const users = (await storeRandomPolicies(fixture)).slice(0, rounds(8, 6));
    let allowed = 0;
    for (const userId of users) {
      for (const resource of RESOURCES) {
        for (const context of CONTEXTS) {
          const found = await listAll(userId, { resource, context, pageSize: 7 });
          const items = NAMES.map((name) => ({ userId, permission: name, resource, context }));
          const { results } = await app().batchCheck({ items, consistency: { requirement: FULLY } });
          for (const [index, name] of NAMES.entries()) {
            const about = found.filter((each) => matches(each.name, name));
            // Where a wildcard leaves a condition open, the list alone does not say.
            const isOpen = about.some(({ undetermined }) => undetermined.includes('asked about'));
            if (isOpen) continue;
            const denies = about.some(
              ({ effect, standing }) => effect === Effect.EFFECT_DENY && standing !== Standing.STANDING_COUNTS_NOT,
            );
            const allows = about.some(
              ({ effect, standing }) => effect === Effect.EFFECT_ALLOW && standing === Standing.STANDING_COUNTS,
            );
            const expected = allows && !denies ? Decision.DECISION_ALLOWED : Decision.DECISION_DENIED;
            expect(results[index]?.decision, `${name} on "${resource}"`).toBe(expected);
            for (const each of found.filter((one) => one.name === name)) expect(each.decision).toBe(expected);
            if (expected === Decision.DECISION_ALLOWED) allowed += 1;
          }
        }
      }
    }
    expect(allowed).toBeGreaterThan(0);
  });
});

describe('a list of permissions is refused', () => {
  it('with a page token of another list, or none at all', async () => {
    const userId = randomUUID();
    await fixture.grant(userId, (await role(['token:a', 'token:b'])).roleId);
    const { nextPageToken: pageToken } = await app().listUserPermissions(asked(userId, { pageSize: 1 }));
    expect(pageToken).not.toBe('');
    for (const wrong of [
      asked(randomUUID(), { pageToken }),
      asked(userId, { pageToken, resource: 'tenant/7' }),
      asked(userId, { pageToken: 'next' }),
    ]) {
      await expect(app().listUserPermissions(wrong)).rejects.toMatchObject({
        kind: 'invalid',
        reason: 'PAGE_TOKEN_INVALID',
      });
    }
  });

  it('with a consistency token of a state that is not reached', async () => {
    const consistency = { requirement: atLeast(formatToken({ modelRevision: 2n ** 40n })) };
    await expect(app().listUserPermissions(asked(randomUUID(), { consistency }))).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'CONSISTENCY_TOKEN_INVALID',
    });
  });

  it.each([
    ['user_id', { userId: 'ada' }],
    ['resource', { resource: 'tenant' }],
    ['page_size', { pageSize: 201 }],
  ])('with the field %s', async (field, change) => {
    await expect(app().listUserPermissions({ ...asked(randomUUID()), ...change })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });

  it.each(['stranger', 'edge/envoy', 'authz'])('to %s', async (peer) => {
    await expect(app(peer).listUserPermissions(asked(randomUUID()))).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });
});
