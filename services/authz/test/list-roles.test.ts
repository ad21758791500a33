import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from './fixture.ts';
import { modelRevision } from './model.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const ALL = { parentRoleId: '', pageSize: 0, pageToken: '' };

/** The names of all roles of a listing, read three at a time. */
async function namesOf(parentRoleId: string): Promise<string[]> {
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = await fixture.model.listRoles({ parentRoleId, pageSize: 3, pageToken });
    expect(page.roles.length).toBeLessThanOrEqual(3);
    names.push(...page.roles.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return names;
}

describe('listing roles', () => {
  it('shows them by name, page by page, all or the children of one', async () => {
    const parentRoleId = await fixture.role({ name: 'm' });
    for (const name of ['z', 'a', 'n-1', 'n.1', 'n']) await fixture.role({ name, parentRoleId });
    const grandparent = await fixture.role({ name: 'b' });
    await fixture.role({ name: 'c', parentRoleId: grandparent });
    const children = await namesOf(parentRoleId);
    expect(children.toSorted()).toEqual(['a', 'n', 'n-1', 'n.1', 'z']);
    const all = await namesOf('');
    expect(all.toSorted()).toEqual(['a', 'b', 'c', 'm', 'n', 'n-1', 'n.1', 'z']);
    expect(all.filter((name) => children.includes(name))).toEqual(children);
  });

  it('leaves their permissions to GetRole, and says which revision of the model it shows', async () => {
    const parentRoleId = await fixture.role();
    const roleId = await fixture.role({ permissions: ['files:read'], parentRoleId });
    const { role } = await fixture.model.getRole({ roleId });
    expect(await fixture.model.listRoles({ ...ALL, parentRoleId, pageSize: 1 })).toEqual({
      roles: [{ ...role, permissions: [] }],
      nextPageToken: '',
      revision: await modelRevision(fixture),
    });
    expect(await namesOf(roleId)).toEqual([]);
  });

  it('takes a page token for nothing but the listing that gave it', async () => {
    const parentRoleId = await fixture.role();
    for (let index = 0; index < 2; index++) await fixture.role({ parentRoleId });
    const { nextPageToken } = await fixture.model.listRoles({ ...ALL, parentRoleId, pageSize: 1 });
    for (const other of [{ pageToken: nextPageToken }, { parentRoleId, pageToken: 'AAAA' }]) {
      await expect(fixture.model.listRoles({ ...ALL, ...other })).rejects.toMatchObject({
        kind: 'invalid',
        reason: 'PAGE_TOKEN_INVALID',
      });
    }
  });

  it.each([
    ['parent_role_id', { parentRoleId: 'admin' }],
    ['page_size', { pageSize: 201 }],
    ['page_token', { pageToken: 'x'.repeat(257) }],
  ])('refuses a wrong %s', async (field, change) => {
    await expect(fixture.model.listRoles({ ...ALL, ...change })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
