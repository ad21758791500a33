import { randomUUID } from 'node:crypto';
import { isUuid } from '@gatehouse/process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { atLeast, type Fixture, permission, startFixture, traced } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const unique = () => `role-${randomUUID()}`;
const role = (
  change: {
    name?: string;
    description?: string;
    parentRoleId?: string;
    permissions?: string[];
    deniedPermissions?: string[];
    denialConditions?: { permission: string; condition: string }[];
  } = {},
) => ({
  name: unique(),
  description: '',
  parentRoleId: '',
  permissions: [],
  denialConditions: [],
  deniedPermissions: [],
  ...change,
});

describe('creating a role', () => {
  it('stores it with its permissions and gives it back, with a token of the new model', async () => {
    for (const name of ['wares:read', 'wares:write']) await fixture.operator.createPermission(permission(name));
    const parentRoleId = await fixture.role();
    const request = role({ description: 'Für das Lager', parentRoleId, permissions: ['wares:write', 'wares:read'] });
    const { role: created, consistencyToken } = await fixture.operator.createRole(request);
    expect(created).toEqual({
      ...request,
      roleId: expect.any(String),
      level: 1,
      createdAt: expect.any(Date),
      updatedAt: created?.createdAt,
      isSystemRole: false,
      denialConditionProblems: [],
    });
    const { roleId = '', createdAt } = created ?? {};
    expect(isUuid(roleId) && roleId[14] === '7').toBe(true);
    const stored = {
      id: roleId,
      name: request.name,
      description: 'Für das Lager',
      is_system_role: false,
      parent_role_id: parentRoleId,
      parent_level: 0,
      level: 1,
      created_at: createdAt,
      updated_at: createdAt,
      created_by: null,
    };
    expect(await fixture.rows('select * from authz.roles where id = $1', [roleId])).toEqual([stored]);
    const held = await fixture.rows(
      `select p.name, rp.granted_at, rp.granted_by from authz.role_permissions rp
       join authz.permissions p on p.id = rp.permission_id where rp.role_id = $1 order by p.name`,
      [roleId],
    );
    expect(held).toEqual(
      ['wares:read', 'wares:write'].map((name) => ({ name, granted_at: createdAt, granted_by: null })),
    );
    const [model] = await fixture.rows<{ revision: bigint }>('select revision from authz.model_revision');
    expect(parseToken(consistencyToken)).toEqual({ modelRevision: model?.revision });
  });

  it('leaves an audit event and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_role_created_total');
    await fixture.role({ permissions: ['audited:a', 'audited:b'] });
    const parentRoleId = await fixture.role();
    const request = role({ parentRoleId, permissions: ['audited:a', 'audited:b'] });
    const { role: created } = await fixture.operator.createRole(request, context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'role.created',
        attributes: {
          role_id: created?.roleId,
          role: request.name,
          level: '1',
          parent_role_id: parentRoleId,
          permissions: 'audited:a audited:b',
        },
      }),
    ]);
    expect(await fixture.metric('authz_role_created_total')).toBe(before + 3);
  });

  it('denies under conditions, and tells them wherever it tells what is denied', async () => {
    for (const name of ['toll:pay', 'toll:waive']) await fixture.operator.createPermission(permission(name));
    const context = traced();
    const denialConditions = [{ permission: 'toll:waive', condition: 'context.isNight == true' }];
    const request = role({ deniedPermissions: ['toll:pay', 'toll:waive'], denialConditions });
    const { role: created } = await fixture.operator.createRole(request, context);
    expect(created).toMatchObject({ deniedPermissions: ['toll:pay', 'toll:waive'], denialConditions });
    const read = await fixture.model.getRole({ roleId: created?.roleId ?? '' });
    expect(read.role).toEqual(created);
    const [event] = await fixture.eventsOf(context.requestId, 1);
    expect(event?.attributes).toMatchObject({
      denied_permissions: 'toll:pay toll:waive',
      denial_conditions: 'toll:waive if context.isNight == true',
    });
  });

  it('refuses a condition that is wrong, and says where', async () => {
    await fixture.operator.createPermission(permission('tax:waive'));
    const denialConditions = [{ permission: 'tax:waive', condition: '1 + 1' }];
    await expect(
      fixture.operator.createRole(role({ deniedPermissions: ['tax:waive'], denialConditions })),
    ).rejects.toMatchObject({
      reason: 'CONDITION_INVALID',
      fields: [
        { field: 'denial_conditions[0].condition', description: 'It is of type int, not bool. (line 1, column 1)' },
      ],
      metadata: { position: '0', line: '1', column: '1' },
    });
  });

  it('refuses a name that is taken, and leaves no trace', async () => {
    const request = role({ name: 'taken' });
    await fixture.operator.createRole(request);
    const before = await fixture.rows('select revision from authz.model_revision');
    await expect(fixture.operator.createRole(request)).rejects.toMatchObject({
      kind: 'taken',
      reason: 'ROLE_NAME_TAKEN',
    });
    expect(await fixture.rows('select revision from authz.model_revision')).toEqual(before);
    expect(await fixture.rows(`select from authz.roles where name = 'taken'`)).toHaveLength(1);
  });

  it('lets one of twenty at once have the name', async () => {
    const request = role();
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => fixture.operator.createRole(request)));
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(19).fill('ROLE_NAME_TAKEN'));
  });

  it('refuses a parent that is not there, or not there yet', async () => {
    const later = randomUUID();
    const context = traced();
    await expect(fixture.operator.createRole(role({ parentRoleId: later }), context)).rejects.toMatchObject({
      kind: 'missing',
      reason: 'PARENT_ROLE_NOT_FOUND',
    });
    expect(await fixture.eventsOf(context.requestId, 0)).toEqual([]);
  });

  it('refuses permissions that do not exist, and names them', async () => {
    await fixture.operator.createPermission(permission('exists:read'));
    const permissions = ['exists:read', 'missing:read', 'not-a-permission:read', 'missing:write'];
    await expect(fixture.operator.createRole(role({ permissions }))).rejects.toMatchObject({
      kind: 'missing',
      reason: 'PERMISSION_NOT_FOUND',
      metadata: { permissions: 'missing:read,not-a-permission:read,missing:write', missing: '3' },
    });
  });

  it('answers even when a thousand long names are missing', async () => {
    const permissions = Array.from({ length: 1_000 }, (_, index) => `${'a'.repeat(58)}${index}:${'b'.repeat(63)}`);
    await expect(fixture.operator.createRole(role({ permissions }))).rejects.toMatchObject({
      reason: 'PERMISSION_NOT_FOUND',
      metadata: { missing: '1000' },
    });
  });

  it('takes a thousand permissions', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `many:p${index}`);
    await fixture.rows(
      `insert into authz.permissions (id, resource, action, created_at)
       select gen_random_uuid(), 'many', 'p' || n, now() from generate_series(0, 999) n`,
    );
    const { role: created, consistencyToken } = await fixture.operator.createRole(role({ permissions: names }));
    const userId = randomUUID();
    const token = await fixture.grant(userId, created?.roleId ?? '');
    expect(await fixture.allowed(userId, 'many:p999', atLeast(token))).toBe(true);
    expect(await fixture.allowed(userId, 'many:p1000', atLeast(consistencyToken))).toBe(false);
  });

  it('refuses a role more than 32 levels below its topmost ancestor', async () => {
    let parentRoleId = await fixture.role({ permissions: ['deep:read'] });
    for (let level = 1; level <= 32; level++) {
      const { role: created } = await fixture.operator.createRole(role({ parentRoleId }));
      expect(created?.level).toBe(level);
      parentRoleId = created?.roleId ?? '';
    }
    await expect(fixture.operator.createRole(role({ parentRoleId }))).rejects.toMatchObject({
      kind: 'precondition',
      reason: 'ROLE_TOO_DEEP',
    });
    const userId = randomUUID();
    const token = await fixture.grant(userId, parentRoleId);
    expect(await fixture.allowed(userId, 'deep:read', atLeast(token))).toBe(true);
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'Upper' }],
    ['name', { name: 'a'.repeat(64) }],
    ['description', { description: 'x'.repeat(1_001) }],
    ['description', { description: '\0' }],
    ['parent_role_id', { parentRoleId: 'parent' }],
    ['permissions', { permissions: ['a:b', 'a:b'] }],
    ['permissions', { permissions: Array.from({ length: 1_001 }, (_, index) => `a:p${index}`) }],
    ['permissions[1]', { permissions: ['a:b', ''] }],
    ['permissions[0]', { permissions: ['x'.repeat(128)] }],
    ['permissions[1]', { permissions: ['a:b', 'Not A Name'] }],
    ['denial_conditions[0].permission', { denialConditions: [{ permission: '', condition: 'true' }] }],
    ['denial_conditions[0].permission', { denialConditions: [{ permission: 'a:b', condition: 'true' }] }],
    [
      'denial_conditions[0].permission',
      {
        permissions: ['a:b'],
        deniedPermissions: ['a:c'],
        denialConditions: [{ permission: 'a:b', condition: 'true' }],
      },
    ],
    [
      'denial_conditions[1].permission',
      {
        deniedPermissions: ['a:b'],
        denialConditions: ['true', 'false'].map((condition) => ({ permission: 'a:b', condition })),
      },
    ],
    [
      'denial_conditions[0].condition',
      { deniedPermissions: ['a:b'], denialConditions: [{ permission: 'a:b', condition: '' }] },
    ],
    [
      'denial_conditions[0].condition',
      { deniedPermissions: ['a:b'], denialConditions: [{ permission: 'a:b', condition: ' '.repeat(1_025) }] },
    ],
    [
      'denial_conditions',
      {
        deniedPermissions: Array.from({ length: 201 }, (_, index) => `a:p${index}`),
        denialConditions: Array.from({ length: 201 }, (_, index) => ({ permission: `a:p${index}`, condition: 'true' })),
      },
    ],
  ])('refuses wrong %s', async (field, change) => {
    await expect(fixture.operator.createRole(role(change))).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
