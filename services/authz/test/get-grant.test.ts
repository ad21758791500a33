import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from './fixture.ts';
import { makeGrant } from './grants.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

describe('getting a grant', () => {
  it('returns what granting it returned, with the revision of the user', async () => {
    const grant = await makeGrant(fixture, { scope: 'tenant/7' });
    const { userId, grantId } = grant;
    expect(await fixture.grants.getGrant({ userId, grantId })).toEqual({ grant, revision: 1n });
    await makeGrant(fixture, { userId });
    expect(await fixture.grants.getGrant({ userId, grantId })).toEqual({ grant, revision: 2n });
  });

  it('refuses a grant that is not there, or is that of another user', async () => {
    const { userId, grantId } = await makeGrant(fixture);
    for (const request of [
      { userId, grantId: randomUUID() },
      { userId: randomUUID(), grantId },
    ]) {
      await expect(fixture.grants.getGrant(request)).rejects.toMatchObject({
        kind: 'missing',
        reason: 'GRANT_NOT_FOUND',
      });
    }
  });

  it.each([
    ['user_id', { userId: '' }],
    ['user_id', { userId: 'ada' }],
    ['grant_id', { grantId: '' }],
    ['grant_id', { grantId: '7' }],
  ])('refuses a wrong %s', async (field, change) => {
    const request = { userId: randomUUID(), grantId: randomUUID(), ...change };
    await expect(fixture.grants.getGrant(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
