import { randomUUID } from 'node:crypto';
import type { UpdateRoleRequest } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { atLeast, type Fixture, permission, startFixture, traced } from './fixture.ts';
import { endGrant, makeGrant, mismatch } from './grants.ts';
import { modelRevision, ordered } from './model.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const NO_CHANGE = {
  addPermissions: [],
  removePermissions: [],
  addDeniedPermissions: [],
  denialConditions: [],
  removeDeniedPermissions: [],
} satisfies Partial<UpdateRoleRequest>;
const update = (roleId: string, change: Partial<UpdateRoleRequest>, context = {}) =>
  fixture.model.updateRole({ roleId, ...NO_CHANGE, ...change }, context);
const stored = async (roleId: string) => (await fixture.model.getRole({ roleId })).role;
/** Roles one below the other, from the topmost down. */
async function chain(length: number): Promise<string[]> {
  const ids = [await fixture.role()];
  while (ids.length < length) ids.push(await fixture.role({ parentRoleId: ids.at(-1) ?? '' }));
  return ids;
}
const exclude = (roleId: string, excludedRoleId: string) =>
  fixture.model.createRoleExclusion({ roleId, excludedRoleId, reason: '' });
const excluded = (one: string, other: string) => {
  const { roleId, excludedRoleId } = ordered(one, other);
  return {
    kind: 'precondition',
    reason: 'ROLES_EXCLUDED',
    metadata: { role_id: roleId, excluded_role_id: excludedRoleId },
  };
};
const refusal = (kind: string, reason: string) => ({ kind, reason });

describe('updating a role', () => {
  it('replaces what is given, leaves the rest, and says when', async () => {
    const roleId = await fixture.role({ permissions: ['files:read'] });
    const before = await stored(roleId);
    const { role, revision, consistencyToken } = await update(roleId, { description: 'Files things' });
    expect(role).toEqual({ ...before, description: 'Files things', updatedAt: expect.any(Date) });
    expect(role?.updatedAt?.getTime()).toBeGreaterThanOrEqual(before?.updatedAt?.getTime() ?? Number.NaN);
    expect(await stored(roleId)).toEqual(role);
    expect(revision).toBe(await modelRevision(fixture));
    expect(parseToken(consistencyToken)).toEqual({ modelRevision: revision });
    expect((await update(roleId, { description: '' })).role?.description).toBe('');
  });

  it('changes what it holds and denies, at once for all who have it', async () => {
    for (const name of ['a:read', 'a:write', 'a:delete']) await fixture.operator.createPermission(permission(name));
    const { userId, roleId } = await makeGrant(fixture, { permissions: ['a:list'] });
    const ask = async (name: string, token: string) => fixture.allowed(userId, name, atLeast(token));
    const added = await update(roleId, { addPermissions: ['a:read', 'a:write'], addDeniedPermissions: ['a:delete'] });
    expect(added.role).toMatchObject({
      permissions: ['a:list', 'a:read', 'a:write'],
      deniedPermissions: ['a:delete'],
    });
    expect(await ask('a:write', added.consistencyToken)).toBe(true);
    const turned = await update(roleId, { addDeniedPermissions: ['a:write'], removePermissions: ['a:list'] });
    expect(turned.role).toMatchObject({ permissions: ['a:read'], deniedPermissions: ['a:delete', 'a:write'] });
    expect(await ask('a:write', turned.consistencyToken)).toBe(false);
    expect(await ask('a:list', turned.consistencyToken)).toBe(false);
    const kept = await update(roleId, { removePermissions: ['a:delete'], removeDeniedPermissions: ['a:read'] });
    expect(kept.role).toMatchObject({ permissions: ['a:read'], deniedPermissions: ['a:delete', 'a:write'] });
    expect(await stored(roleId)).toEqual(kept.role);
  });

  it('gives a denial a condition, another one, and none', async () => {
    for (const name of ['gate:open', 'gate:shut']) await fixture.operator.createPermission(permission(name));
    const { userId, roleId } = await makeGrant(fixture, { permissions: ['gate:see'] });
    await fixture.grant(userId, await fixture.role({ permissions: ['gate:open', 'gate:shut'] }));
    const deny = (condition: string, context = {}) =>
      update(
        roleId,
        {
          addDeniedPermissions: ['gate:open'],
          denialConditions: condition === '' ? [] : [{ permission: 'gate:open', condition }],
        },
        context,
      );
    const ask = async (token: string) => fixture.allowed(userId, 'gate:open', atLeast(token));
    const context = traced();
    const limited = await deny('request.authentication_level < 0', context);
    expect(limited.role).toMatchObject({
      deniedPermissions: ['gate:open'],
      denialConditions: [{ permission: 'gate:open', condition: 'request.authentication_level < 0' }],
    });
    expect(await stored(roleId)).toEqual(limited.role);
    expect(await ask(limited.consistencyToken)).toBe(true);
    const [event] = await fixture.eventsOf(context.requestId, 1);
    expect(event?.attributes).toMatchObject({
      add_denied_permissions: 'gate:open',
      denial_conditions: 'gate:open if request.authentication_level < 0',
    });
    expect(await ask((await deny('request.authentication_level == 0')).consistencyToken)).toBe(false);
    expect(await ask((await deny('context.missing == 1')).consistencyToken)).toBe(false);
    // What is not mentioned stays as it is, and what is mentioned again without a condition is denied always.
    const kept = await update(roleId, { addDeniedPermissions: ['gate:shut'] });
    expect(kept.role?.denialConditions).toEqual([{ permission: 'gate:open', condition: 'context.missing == 1' }]);
    expect((await deny('')).role).toMatchObject({
      deniedPermissions: ['gate:open', 'gate:shut'],
      denialConditions: [],
    });
    const { role } = await update(roleId, { addPermissions: ['gate:open'] });
    expect(role).toMatchObject({ permissions: ['gate:open', 'gate:see'], denialConditions: [] });
  });

  it('refuses more conditions of denials than one role may have, and one that is wrong', async () => {
    const names = Array.from({ length: 201 }, (_, index) => `sluice:p${index}`);
    await fixture.rows(
      `insert into authz.permissions (id, resource, action, created_at)
       select gen_random_uuid(), 'sluice', 'p' || n, now() from generate_series(0, 200) n`,
    );
    const roleId = await fixture.role();
    const denying = (some: readonly string[], condition = 'context.a == 1') => ({
      addDeniedPermissions: [...some],
      denialConditions: some.map((name) => ({ permission: name, condition })),
    });
    await update(roleId, denying(names.slice(0, 200)));
    await expect(update(roleId, denying(names.slice(200)))).rejects.toMatchObject(
      refusal('limited', 'ROLE_PERMISSIONS_TOO_MANY'),
    );
    await update(roleId, { addDeniedPermissions: names });
    await expect(update(roleId, denying(names.slice(0, 1), 'nothing'))).rejects.toMatchObject({
      reason: 'CONDITION_INVALID',
      fields: [expect.objectContaining({ field: 'denial_conditions[0].condition' })],
    });
  });

  it('moves it below another role, with all of its descendants', async () => {
    const [top = '', middle = '', bottom = ''] = await chain(3);
    const [, , , deep = ''] = await chain(4);
    await update(top, { parentRoleId: deep });
    expect((await stored(top))?.parentRoleId).toBe(deep);
    expect(await Promise.all([top, middle, bottom].map(async (id) => (await stored(id))?.level))).toEqual([4, 5, 6]);
    await update(middle, { parentRoleId: '' });
    expect((await stored(middle))?.parentRoleId).toBe('');
    expect(await Promise.all([top, middle, bottom].map(async (id) => (await stored(id))?.level))).toEqual([4, 0, 1]);
  });

  it('gives its users at once what the new parent holds, and takes what the old one held', async () => {
    const [old, next] = [
      await fixture.role({ permissions: ['b:old'] }),
      await fixture.role({ permissions: ['b:new'] }),
    ];
    const parentRoleId = await fixture.role({ parentRoleId: old });
    const { userId } = await makeGrant(fixture, { roleId: await fixture.role({ parentRoleId }) });
    await fixture.warm(userId);
    expect(await fixture.allowed(userId, 'b:old')).toBe(true);
    await update(parentRoleId, { parentRoleId: next });
    expect(await fixture.allowed(userId, 'b:new')).toBe(true);
    expect(await fixture.allowed(userId, 'b:old')).toBe(false);
  });

  it('leaves an audit event that says what was asked for, and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_role_updated_total');
    const roleId = await fixture.role({ name: 'porter', permissions: ['gates:open'] });
    await update(roleId, { removePermissions: ['gates:open'], parentRoleId: '' }, context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'role.updated',
        attributes: {
          role_id: roleId,
          role: 'porter',
          remove_permissions: 'gates:open',
          parent_role_id: 'none',
        },
      }),
    ]);
    expect(await fixture.metric('authz_role_updated_total')).toBe(before + 1);
  });

  it('refuses a cycle', async () => {
    const [top = '', middle = '', bottom = ''] = await chain(3);
    for (const parentRoleId of [top, middle, bottom]) {
      await expect(update(top, { parentRoleId })).rejects.toMatchObject(refusal('precondition', 'ROLE_CYCLE'));
    }
  });

  it('makes no cycle of two moves at once', async () => {
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const [one, other] = [await fixture.role(), await fixture.role()];
        const answers = await Promise.allSettled([
          update(one, { parentRoleId: other }),
          update(other, { parentRoleId: one }),
        ]);
        const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
        expect(refusals).toEqual(['ROLE_CYCLE']);
      }),
    );
  });

  it('refuses what would lie too deep, descendants included', async () => {
    const ids = await chain(33);
    const [top = ''] = await chain(2);
    await expect(update(top, { parentRoleId: ids[31] ?? '' })).rejects.toMatchObject(
      refusal('precondition', 'ROLE_TOO_DEEP'),
    );
    await update(top, { parentRoleId: ids[30] ?? '' });
  });

  it('refuses to put a role below one that it or a descendant of it excludes', async () => {
    const [top = '', , bottom = ''] = await chain(3);
    const [other = '', below = ''] = await chain(2);
    await exclude(bottom, other);
    await expect(update(top, { parentRoleId: below })).rejects.toMatchObject(excluded(bottom, other));
    await expect(update(other, { parentRoleId: bottom })).rejects.toMatchObject(excluded(bottom, other));
  });

  it('refuses to have a user hold two roles that exclude each other', async () => {
    const [top = '', , bottom = ''] = await chain(3);
    const [one, other] = [await fixture.role(), await fixture.role()];
    await exclude(one, other);
    const { userId } = await makeGrant(fixture, { roleId: bottom });
    const breaking = await makeGrant(fixture, { userId, roleId: await fixture.role({ parentRoleId: other }) });
    await expect(update(top, { parentRoleId: one })).rejects.toMatchObject(excluded(one, other));
    expect((await stored(top))?.parentRoleId).toBe('');
    await endGrant(fixture, breaking);
    await update(top, { parentRoleId: one });
    await expect(fixture.grant(userId, other)).rejects.toMatchObject(excluded(one, other));
  });

  it('never has a user hold both, when one is granted while the other moves', async () => {
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const [one, other, moved] = [await fixture.role(), await fixture.role(), await fixture.role()];
        await exclude(one, other);
        const { userId } = await makeGrant(fixture, { roleId: moved });
        const answers = await Promise.allSettled([update(moved, { parentRoleId: one }), fixture.grant(userId, other)]);
        const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
        expect(refusals).toEqual(['ROLES_EXCLUDED']);
      }),
    );
  });

  it('refuses a system role, and one that is not there, as itself or as parent', async () => {
    const roleId = await fixture.role();
    await expect(update(roleId, { parentRoleId: randomUUID() })).rejects.toMatchObject(
      refusal('missing', 'PARENT_ROLE_NOT_FOUND'),
    );
    await expect(update(randomUUID(), { description: '' })).rejects.toMatchObject(refusal('missing', 'ROLE_NOT_FOUND'));
    await fixture.rows('update authz.roles set is_system_role = true where id = $1', [roleId]);
    await expect(update(roleId, { description: 'x' })).rejects.toMatchObject(
      refusal('precondition', 'SYSTEM_ROLE_PROTECTED'),
    );
  });

  it('refuses permissions that do not exist, and names them', async () => {
    const roleId = await fixture.role({ permissions: ['c:read'] });
    await expect(update(roleId, { addPermissions: ['c:none'], removePermissions: ['c:read'] })).rejects.toMatchObject({
      ...refusal('missing', 'PERMISSION_NOT_FOUND'),
      metadata: { permissions: 'c:none', missing: '1' },
    });
    expect((await stored(roleId))?.permissions).toEqual(['c:read']);
  });

  it('refuses the permission after the two-thousandth', async () => {
    const roleId = await fixture.role();
    await fixture.operator.createPermission(permission('d:last'));
    await fixture.rows(
      `with made as (
         insert into authz.permissions (id, resource, action, created_at)
         select gen_random_uuid(), 'many', 'no-' || n, now() from generate_series(1, 2000) n returning id)
       insert into authz.role_permissions (id, role_id, permission_id, granted_at)
       select gen_random_uuid(), $1::uuid, id, now() from made`,
      [roleId],
    );
    await expect(update(roleId, { addPermissions: ['d:last'] })).rejects.toMatchObject(
      refusal('limited', 'ROLE_PERMISSIONS_TOO_MANY'),
    );
    await update(roleId, { addPermissions: ['d:last'], removePermissions: ['many:no-1'] });
  });

  it('is done only on the revision that it is based on', async () => {
    const roleId = await fixture.role();
    const revision = await modelRevision(fixture);
    await expect(update(roleId, { description: 'a', mustMatchRevision: 0n })).rejects.toMatchObject(
      mismatch(0n, revision),
    );
    await update(roleId, { description: 'b', mustMatchRevision: revision });
  });

  it.each([
    ['role_id', { roleId: '' }],
    ['description', { description: 'x'.repeat(1_001) }],
    ['parent_role_id', { parentRoleId: 'admin' }],
    ['add_permissions[0]', { addPermissions: ['Read'] }],
    ['remove_permissions', { removePermissions: ['a:b', 'a:b'] }],
    ['remove_denied_permissions', { addPermissions: ['a:b'], removeDeniedPermissions: ['a:b'] }],
    [
      'denial_conditions[0].permission',
      { removeDeniedPermissions: ['a:b'], denialConditions: [{ permission: 'a:b', condition: 'true' }] },
    ],
    ['must_match_revision', { mustMatchRevision: 2n ** 63n }],
  ])('refuses a wrong %s', async (field, change) => {
    await expect(fixture.model.updateRole({ roleId: randomUUID(), ...NO_CHANGE, ...change })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
