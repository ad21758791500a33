import { randomUUID } from 'node:crypto';
import { isUuid, uuidTimeMs } from '@gatehouse/process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseToken } from '../src/domain/consistency.ts';
import { type Fixture, permission, startFixture, traced } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const unique = () => `r-${randomUUID()}:act`;

describe('creating a permission', () => {
  it('stores it and gives it back, with a token of the new model', async () => {
    const request = {
      name: 'invoices:purge',
      description: 'Äußerst heikel',
      category: 'billing',
      isDangerous: true,
      condition: 'request.authentication_level >= 2',
    };
    const { permission: created, consistencyToken } = await fixture.operator.createPermission(request);
    expect(created).toEqual({ ...request, permissionId: expect.any(String), createdAt: expect.any(Date) });
    const { permissionId = '', createdAt } = created ?? {};
    expect(isUuid(permissionId) && permissionId[14] === '7').toBe(true);
    expect(Math.abs(uuidTimeMs(permissionId) - (createdAt?.getTime() ?? 0))).toBeLessThan(10_000);
    expect(await fixture.rows('select * from authz.permissions where id = $1', [permissionId])).toEqual([
      {
        id: permissionId,
        name: 'invoices:purge',
        resource: 'invoices',
        action: 'purge',
        description: 'Äußerst heikel',
        category: 'billing',
        is_dangerous: true,
        created_at: createdAt,
        created_by: null,
        condition: 'request.authentication_level >= 2',
      },
    ]);
    const [model] = await fixture.rows<{ revision: bigint }>('select revision from authz.model_revision');
    expect(parseToken(consistencyToken)).toEqual({ modelRevision: model?.revision });
  });

  it.each(['*:*', 'documents:*', '*:read', `${'a'.repeat(63)}:${'b'.repeat(63)}`, 'a.b-c_d:0'])(
    'takes %s',
    async (name) => {
      const { permission: created } = await fixture.operator.createPermission(permission(name));
      expect(created?.name).toBe(name);
    },
  );

  it('leaves an audit event and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_permission_created_total');
    const { permission: created } = await fixture.operator.createPermission(permission('audited:read'), context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'permission.created',
        attributes: { permission_id: created?.permissionId, permission: 'audited:read', is_dangerous: 'false' },
      }),
    ]);
    expect(await fixture.metric('authz_permission_created_total')).toBe(before + 1);
  });

  it('refuses a name that is taken, and leaves no trace', async () => {
    await fixture.operator.createPermission(permission('taken:read'));
    const before = await fixture.rows('select revision from authz.model_revision');
    const context = traced();
    await expect(fixture.operator.createPermission(permission('taken:read'), context)).rejects.toMatchObject({
      kind: 'taken',
      reason: 'PERMISSION_NAME_TAKEN',
    });
    expect(await fixture.rows('select revision from authz.model_revision')).toEqual(before);
    expect(await fixture.eventsOf(context.requestId, 0)).toEqual([]);
  });

  it('lets one of twenty at once have the name', async () => {
    const name = unique();
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => fixture.operator.createPermission(permission(name))),
    );
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(19).fill('PERMISSION_NAME_TAKEN'));
  });

  it('gives every one of twenty at once a revision of its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => fixture.operator.createPermission(permission(unique()))),
    );
    const revisions = answers.map(({ consistencyToken }) => parseToken(consistencyToken).modelRevision);
    expect(new Set(revisions).size).toBe(20);
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'read' }],
    ['name', { name: 'Dökumente:read' }],
    ['name', { name: 'documents:s3:read' }],
    ['name', { name: 'documents:%' }],
    ['name', { name: 'documents:%72ead' }],
    ['name', { name: 'documents:a%3ab' }],
    ['name', { name: 'documents:a%00' }],
    ['name', { name: 'documents:re*d' }],
    ['name', { name: `${'a'.repeat(129)}:b` }],
    ['description', { description: 'x'.repeat(1_001) }],
    ['category', { category: 'x'.repeat(101) }],
    ['description', { description: 'a\0b' }],
    ['category', { category: '\0' }],
  ])('refuses a wrong %s: %o', async (field, change) => {
    await expect(fixture.operator.createPermission({ ...permission(unique()), ...change })).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
