import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { atLeast, type Fixture, startFixture, traced } from './fixture.ts';
import { makeGrant, mismatch } from './grants.ts';
import { modelRevision } from './model.ts';
import { makePermission } from './permissions.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const remove = (permissionId: string, force = false, context = {}) =>
  fixture.model.deletePermission({ permissionId, force }, context);
/** A role that holds these; the permissions must exist. */
const roleWith = async (permissions: string[], deniedPermissions: string[] = []) => {
  const request = {
    name: `role-${randomUUID()}`,
    description: '',
    parentRoleId: '',
    permissions,
    denialConditions: [],
    deniedPermissions,
  };
  return (await fixture.operator.createRole(request)).role?.roleId ?? '';
};

describe('deleting a permission', () => {
  it('removes it, and frees its name', async () => {
    const { permissionId, name } = await makePermission(fixture);
    const { revision, consistencyToken } = await remove(permissionId);
    expect(revision).toBe(await modelRevision(fixture));
    expect(parseToken(consistencyToken)).toEqual({ modelRevision: revision });
    await makePermission(fixture, { name });
  });

  it('refuses while roles hold or deny it, and takes it from them at once when it is forced', async () => {
    const { permissionId, name } = await makePermission(fixture);
    const roleId = await roleWith([name]);
    await roleWith([], [name]);
    const { userId } = await makeGrant(fixture, { roleId });
    await fixture.warm(userId);
    expect(await fixture.allowed(userId, name)).toBe(true);
    await expect(remove(permissionId)).rejects.toMatchObject({
      kind: 'precondition',
      reason: 'PERMISSION_IN_USE',
      metadata: { roles: '2' },
    });
    const { consistencyToken } = await remove(permissionId, true);
    expect(await fixture.allowed(userId, name)).toBe(false);
    expect(await fixture.allowed(userId, name, atLeast(consistencyToken))).toBe(false);
    expect((await fixture.model.getRole({ roleId })).role?.permissions).toEqual([]);
  });

  it('refuses what a system role holds, forced or not', async () => {
    const { permissionId, name } = await makePermission(fixture);
    const roleId = await roleWith([name]);
    await fixture.rows('update authz.roles set is_system_role = true where id = $1', [roleId]);
    for (const force of [false, true]) {
      await expect(remove(permissionId, force)).rejects.toMatchObject({
        kind: 'precondition',
        reason: 'SYSTEM_ROLE_PROTECTED',
      });
    }
  });

  it('leaves an audit event and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_permission_deleted_total');
    const { permissionId, name } = await makePermission(fixture);
    await roleWith([name]);
    await remove(permissionId, true, context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'permission.deleted',
        attributes: { permission_id: permissionId, permission: name, roles: '1' },
      }),
    ]);
    expect(await fixture.metric('authz_permission_deleted_total')).toBe(before + 1);
  });

  it('happens once of ten at once, and leaves no role with what is gone', async () => {
    const { permissionId, name } = await makePermission(fixture);
    const [made, ...answers] = await Promise.allSettled([
      roleWith([name]),
      ...Array.from({ length: 10 }, () => remove(permissionId, true)),
    ]);
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(9).fill('PERMISSION_NOT_FOUND'));
    if (made?.status === 'rejected') expect(made.reason.reason).toBe('PERMISSION_NOT_FOUND');
    expect(await fixture.rows('select from authz.role_permissions where permission_id = $1', [permissionId])).toEqual(
      [],
    );
  });

  it('is done only on the revision that it is based on', async () => {
    const { permissionId } = await makePermission(fixture);
    const revision = await modelRevision(fixture);
    const request = { permissionId, force: false };
    await expect(fixture.model.deletePermission({ ...request, mustMatchRevision: 0n })).rejects.toMatchObject(
      mismatch(0n, revision),
    );
    await fixture.model.deletePermission({ ...request, mustMatchRevision: revision });
  });

  it.each([
    ['permission_id', { permissionId: '' }],
    ['permission_id', { permissionId: 'files:read' }],
    ['must_match_revision', { mustMatchRevision: 2n ** 63n }],
  ])('refuses a wrong %s', async (field, change) => {
    const request = { permissionId: randomUUID(), force: false, ...change };
    await expect(fixture.model.deletePermission(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
