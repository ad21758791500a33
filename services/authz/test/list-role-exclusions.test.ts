import { randomUUID } from 'node:crypto';
import type { RoleExclusion } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from './fixture.ts';
import { modelRevision } from './model.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const ALL = { roleId: '', pageSize: 0, pageToken: '' };

/** Makes a role that excludes so many others. */
async function makeExclusions(count: number) {
  const roleId = await fixture.role();
  const made: (RoleExclusion | undefined)[] = [];
  for (let index = 0; index < count; index++) {
    const request = { roleId, excludedRoleId: await fixture.role(), reason: `no. ${index}` };
    made.push((await fixture.model.createRoleExclusion(request)).exclusion);
  }
  const keyOf = (each: (typeof made)[number]) => `${each?.roleId} ${each?.excludedRoleId}`;
  return { roleId, made: made.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) };
}

async function listed(roleId: string, pageSize: number) {
  const found = [];
  let pageToken = '';
  do {
    const page = await fixture.model.listRoleExclusions({ roleId, pageSize, pageToken });
    expect(page.exclusions.length).toBeLessThanOrEqual(pageSize);
    found.push(...page.exclusions);
    pageToken = page.nextPageToken;
  } while (pageToken);
  return found;
}

describe('listing exclusions', () => {
  it('shows those of one role, whichever side it is on, or all, page by page', async () => {
    const { roleId, made } = await makeExclusions(5);
    const { made: others } = await makeExclusions(2);
    expect(await listed(roleId, 2)).toEqual(made);
    const all = await listed('', 3);
    expect(all).toEqual(expect.arrayContaining([...made, ...others]));
    expect(all).toHaveLength(7);
  });

  it('says which revision of the model it shows, and when there is no more', async () => {
    const { roleId, made } = await makeExclusions(2);
    expect(await fixture.model.listRoleExclusions({ ...ALL, roleId, pageSize: 2 })).toEqual({
      exclusions: made,
      nextPageToken: '',
      revision: await modelRevision(fixture),
    });
    const none = await fixture.model.listRoleExclusions({ ...ALL, roleId: randomUUID() });
    expect(none).toMatchObject({ exclusions: [], nextPageToken: '' });
  });

  it('takes a page token for nothing but the listing that gave it', async () => {
    const { roleId } = await makeExclusions(2);
    const { nextPageToken } = await fixture.model.listRoleExclusions({ ...ALL, roleId, pageSize: 1 });
    for (const other of [
      { roleId: '', pageToken: nextPageToken },
      { roleId, pageToken: 'AAAA' },
    ]) {
      await expect(fixture.model.listRoleExclusions({ ...ALL, ...other })).rejects.toMatchObject({
        kind: 'invalid',
        reason: 'PAGE_TOKEN_INVALID',
      });
    }
  });

  it.each([
    ['role_id', { roleId: 'admin' }],
    ['page_size', { pageSize: 201 }],
    ['page_token', { pageToken: 'x'.repeat(257) }],
  ])('refuses a wrong %s', async (field, change) => {
    await expect(fixture.model.listRoleExclusions({ ...ALL, ...change })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
