import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, permission, startFixture } from './fixture.ts';
import { modelRevision } from './model.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

describe('getting a role', () => {
  it('returns what creating it returned, with the revision of the model', async () => {
    for (const name of ['files:read', 'files:delete']) await fixture.operator.createPermission(permission(name));
    const { role } = await fixture.operator.createRole({
      name: 'clerk',
      description: 'Files things',
      parentRoleId: await fixture.role(),
      permissions: ['files:read'],
      denialConditions: [],
      deniedPermissions: ['files:delete'],
    });
    expect(await fixture.model.getRole({ roleId: role?.roleId ?? '' })).toEqual({
      role,
      revision: await modelRevision(fixture),
    });
  });

  it('says that it is a system role', async () => {
    const roleId = await fixture.role();
    await fixture.rows('update authz.roles set is_system_role = true where id = $1', [roleId]);
    expect((await fixture.model.getRole({ roleId })).role?.isSystemRole).toBe(true);
  });

  it('refuses a role that is not there', async () => {
    await expect(fixture.model.getRole({ roleId: randomUUID() })).rejects.toMatchObject({
      kind: 'missing',
      reason: 'ROLE_NOT_FOUND',
    });
  });

  it.each(['', 'admin'])('refuses the id %j', async (roleId) => {
    await expect(fixture.model.getRole({ roleId })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'role_id' })],
    });
  });
});
