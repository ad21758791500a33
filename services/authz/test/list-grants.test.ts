import { randomUUID } from 'node:crypto';
import type { ListGrantsRequest } from '@gatehouse/proto/gatehouse/authz/v1/grant.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from './fixture.ts';
import { endGrant, FIRST_PAGE, makeGrant } from './grants.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const ofUser = (value: string): ListGrantsRequest['of'] => ({ $case: 'userId', value });
const ofRole = (value: string): ListGrantsRequest['of'] => ({ $case: 'roleId', value });

/** The ids of all grants of a listing, read two at a time. */
async function idsOf(of: ListGrantsRequest['of'], includeEnded = false): Promise<string[]> {
  const ids: string[] = [];
  let pageToken = '';
  do {
    const page = await fixture.grants.listGrants({ of, includeEnded, pageSize: 2, pageToken });
    expect(page.grants.length).toBeLessThanOrEqual(2);
    ids.push(...page.grants.map(({ grant }) => grant?.grantId ?? ''));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return ids;
}

describe('listing grants', () => {
  it('of a user shows them newest first, page by page, as they are', async () => {
    const userId = randomUUID();
    const made = [];
    for (let index = 0; index < 5; index++) made.unshift(await makeGrant(fixture, { userId }));
    await makeGrant(fixture);
    expect(await fixture.grants.listGrants({ of: ofUser(userId), ...FIRST_PAGE })).toEqual({
      grants: made.map((grant) => ({ grant, revision: 5n })),
      nextPageToken: '',
    });
    expect(await idsOf(ofUser(userId))).toEqual(made.map(({ grantId }) => grantId));
  });

  it('of a role shows those of all users, with the revision of each', async () => {
    const roleId = await fixture.role();
    const made = await Promise.all(Array.from({ length: 5 }, () => makeGrant(fixture, { roleId })));
    const [first] = made;
    await makeGrant(fixture, first ? { userId: first.userId } : {});
    await makeGrant(fixture, { roleId: await fixture.role({ parentRoleId: roleId }) });
    const { grants } = await fixture.grants.listGrants({ of: ofRole(roleId), ...FIRST_PAGE });
    const byUser = made.toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
    expect(grants).toEqual(byUser.map((grant) => ({ grant, revision: grant.userId === first?.userId ? 2n : 1n })));
    expect(await idsOf(ofRole(roleId))).toEqual(byUser.map(({ grantId }) => grantId));
  });

  it('leaves out what has ended unless it is asked for', async () => {
    const userId = randomUUID();
    const [ended, left] = [await makeGrant(fixture, { userId }), await makeGrant(fixture, { userId })];
    await endGrant(fixture, ended);
    expect(await idsOf(ofUser(userId))).toEqual([left.grantId]);
    expect(await idsOf(ofUser(userId), true)).toEqual([left.grantId, ended.grantId]);
    expect(await idsOf(ofRole(ended.roleId))).toEqual([]);
    expect(await idsOf(ofRole(ended.roleId), true)).toEqual([ended.grantId]);
  });

  it('shows what waits for approval', async () => {
    const { userId, grantId } = await makeGrant(fixture, { requiresApproval: true });
    expect(await idsOf(ofUser(userId))).toEqual([grantId]);
  });

  it('has no next page after one that just holds the last grant, and nothing for whom has none', async () => {
    const userId = randomUUID();
    for (let index = 0; index < 2; index++) await makeGrant(fixture, { userId });
    const page = await fixture.grants.listGrants({ of: ofUser(userId), ...FIRST_PAGE, pageSize: 2 });
    expect(page.nextPageToken).toBe('');
    for (const wanted of [ofUser(randomUUID()), ofRole(randomUUID())]) {
      expect(await fixture.grants.listGrants({ of: wanted, ...FIRST_PAGE })).toEqual({ grants: [], nextPageToken: '' });
    }
  });

  it('takes a page token for nothing but the listing that gave it', async () => {
    const userId = randomUUID();
    for (let index = 0; index < 2; index++) await makeGrant(fixture, { userId });
    const request = { of: ofUser(userId), ...FIRST_PAGE, pageSize: 1 };
    const { nextPageToken: pageToken } = await fixture.grants.listGrants(request);
    const invalid = { kind: 'invalid', reason: 'PAGE_TOKEN_INVALID' };
    for (const other of [
      { of: ofUser(randomUUID()) },
      { of: ofRole(userId) },
      { includeEnded: true },
      { pageToken: pageToken.slice(1) },
      { pageToken: 'AAAA' },
    ]) {
      await expect(fixture.grants.listGrants({ ...request, pageToken, ...other })).rejects.toMatchObject(invalid);
    }
  });

  it.each([
    ['of', { of: undefined }],
    ['user_id', { of: ofUser('ada') }],
    ['role_id', { of: ofRole('admin') }],
    ['page_size', { pageSize: 201 }],
    ['page_token', { pageToken: 'x'.repeat(257) }],
  ])('refuses a wrong %s', async (field, change) => {
    const request = { of: ofUser(randomUUID()), ...FIRST_PAGE, ...change };
    await expect(fixture.grants.listGrants(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: expect.arrayContaining([expect.objectContaining({ field })]),
    });
  });
});
