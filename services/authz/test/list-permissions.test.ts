import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from './fixture.ts';
import { modelRevision } from './model.ts';
import { makePermission } from './permissions.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const ALL = { category: '', pageSize: 0, pageToken: '' };

/** The names of all permissions of a listing, read two at a time. */
async function namesOf(category: string): Promise<string[]> {
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = await fixture.model.listPermissions({ category, pageSize: 2, pageToken });
    expect(page.permissions.length).toBeLessThanOrEqual(2);
    names.push(...page.permissions.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return names;
}

describe('listing permissions', () => {
  it('shows them by name, page by page, all or those of a category', async () => {
    for (const name of ['b:z', '*:*', 'b:*', '*:read', 'b.c:d', 'b-c:d', 'b:a']) {
      await makePermission(fixture, { name, category: 'letters' });
    }
    await makePermission(fixture, { name: 'b:b', category: 'Letters' });
    const letters = await namesOf('letters');
    expect(letters.toSorted()).toEqual(['*:*', '*:read', 'b-c:d', 'b.c:d', 'b:*', 'b:a', 'b:z']);
    const all = await namesOf('');
    expect(all).toHaveLength(8);
    expect(all.filter((name) => name !== 'b:b')).toEqual(letters);
  });

  it('shows them as they are, and says which revision of the model it shows', async () => {
    const made = await makePermission(fixture, {
      description: 'Opens doors',
      category: 'doors',
      isDangerous: true,
      condition: 'request.authentication_level >= 2',
    });
    expect(await fixture.model.listPermissions({ ...ALL, category: 'doors', pageSize: 1 })).toEqual({
      permissions: [made],
      nextPageToken: '',
      revision: await modelRevision(fixture),
    });
    expect(await namesOf('windows')).toEqual([]);
  });

  it('takes a page token for nothing but the listing that gave it', async () => {
    for (let index = 0; index < 2; index++) await makePermission(fixture, { category: 'pages' });
    const { nextPageToken } = await fixture.model.listPermissions({ ...ALL, category: 'pages', pageSize: 1 });
    for (const other of [{ pageToken: nextPageToken }, { category: 'pages', pageToken: 'AAAA' }]) {
      await expect(fixture.model.listPermissions({ ...ALL, ...other })).rejects.toMatchObject({
        kind: 'invalid',
        reason: 'PAGE_TOKEN_INVALID',
      });
    }
  });

  it.each([
    ['category', { category: 'x'.repeat(101) }],
    ['page_size', { pageSize: 201 }],
    ['page_token', { pageToken: 'x'.repeat(257) }],
  ])('refuses a wrong %s', async (field, change) => {
    await expect(fixture.model.listPermissions({ ...ALL, ...change })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
