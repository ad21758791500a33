import { randomUUID } from 'node:crypto';
import type { UpdatePermissionRequest } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
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

const update = (permissionId: string, change: Partial<UpdatePermissionRequest>, context = {}) =>
  fixture.model.updatePermission({ permissionId, ...change }, context);
const stored = async (category: string) => {
  const { permissions } = await fixture.model.listPermissions({ category, pageSize: 0, pageToken: '' });
  return permissions;
};

describe('updating a permission', () => {
  it('replaces what is given, and leaves the rest', async () => {
    const made = await makePermission(fixture, { description: 'Old', category: 'first' });
    const change = {
      description: 'New',
      category: 'second',
      isDangerous: true,
      condition: 'request.authentication_level >= 2',
    };
    const { permission, revision, consistencyToken } = await update(made.permissionId, change);
    expect(permission).toEqual({ ...made, ...change });
    expect(await stored('second')).toEqual([permission]);
    expect(revision).toBe(await modelRevision(fixture));
    expect(parseToken(consistencyToken)).toEqual({ modelRevision: revision });
    expect((await update(made.permissionId, {})).permission).toEqual(permission);
    const emptied = await update(made.permissionId, { description: '', isDangerous: false, condition: '' });
    expect(emptied.permission).toEqual({ ...made, description: '', category: 'second' });
  });

  it('has its condition hold at once, for all roles that hold it', async () => {
    const { permissionId, name } = await makePermission(fixture);
    const { userId } = await makeGrant(fixture, { permissions: [name] });
    await fixture.warm(userId);
    expect(await fixture.allowed(userId, name)).toBe(true);
    await update(permissionId, { condition: 'request.authentication_level >= 2' });
    expect(await fixture.allowed(userId, name)).toBe(false);
    const { consistencyToken } = await update(permissionId, { condition: '' });
    expect(await fixture.allowed(userId, name, atLeast(consistencyToken))).toBe(true);
  });

  it('leaves an audit event that says what has changed, and a count', async () => {
    const context = traced();
    const before = await fixture.metric('authz_permission_updated_total');
    const { permissionId, name } = await makePermission(fixture, { description: 'Old', category: 'kept' });
    await update(permissionId, { description: '', category: 'kept', isDangerous: true }, context);
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({
        eventType: 'permission.updated',
        attributes: { permission_id: permissionId, permission: name, description: 'none', is_dangerous: 'true' },
      }),
    ]);
    expect(await fixture.metric('authz_permission_updated_total')).toBe(before + 1);
  });

  it('refuses a condition that is none, and leaves the old one', async () => {
    const condition = 'request.authentication_level >= 1';
    const made = await makePermission(fixture, { category: 'bound', condition });
    await expect(update(made.permissionId, { condition: 'request.' })).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'CONDITION_INVALID',
      fields: [expect.objectContaining({ field: 'condition' })],
    });
    expect(await stored('bound')).toEqual([made]);
  });

  it('refuses a permission that is not there, and leaves the revision', async () => {
    const revision = await modelRevision(fixture);
    await expect(update(randomUUID(), { description: 'x' })).rejects.toMatchObject({
      kind: 'missing',
      reason: 'PERMISSION_NOT_FOUND',
    });
    expect(await modelRevision(fixture)).toBe(revision);
  });

  it('is done once of ten that are based on the same revision', async () => {
    const { permissionId } = await makePermission(fixture);
    const revision = await modelRevision(fixture);
    await expect(update(permissionId, { mustMatchRevision: 0n })).rejects.toMatchObject(mismatch(0n, revision));
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, () => update(permissionId, { mustMatchRevision: revision })),
    );
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(9).fill('REVISION_MISMATCH'));
  });

  it.each([
    ['permission_id', { permissionId: 'files:read' }],
    ['description', { description: 'x'.repeat(1_001) }],
    ['category', { category: 'x'.repeat(101) }],
    ['condition', { condition: 'x'.repeat(1_025) }],
    ['must_match_revision', { mustMatchRevision: 2n ** 63n }],
  ])('refuses a wrong %s', async (field, change) => {
    await expect(fixture.model.updatePermission({ permissionId: randomUUID(), ...change })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
