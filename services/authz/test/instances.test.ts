import { randomUUID } from 'node:crypto';
import { createTestDatabase, type LentRedis, lendRedis, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { atLeast, BOUND_MS, type Fixture, FULLY, staleness, startFixture } from './fixture.ts';

// Users are known to the memory of both instances before each change, which takes a while on a busy machine.
let redis: LentRedis;
let database: TestDatabase;
let a: Fixture;
let b: Fixture;

beforeAll(async () => {
  [redis, database] = await Promise.all([lendRedis(), createTestDatabase('authz')]);
  [a, b] = await Promise.all([
    startFixture({ redis, database, instance: 'a' }),
    startFixture({ redis, database, instance: 'b' }),
  ]);
});
afterAll(async () => {
  await Promise.all([a?.stop(), b?.stop()]);
  await redis?.stop();
  await database?.drop();
});

/** A user whose emptiness both instances know from memory. */
async function warmUser(): Promise<string> {
  const userId = randomUUID();
  await Promise.all([a.warm(userId), b.warm(userId)]);
  return userId;
}

describe('two instances', () => {
  it('allow on one at once, with its token, what was granted on the other', async () => {
    const role = await a.role({ permissions: ['shared:read'] });
    for (let round = 0; round < 5; round++) {
      const userId = await warmUser();
      const token = await a.grant(userId, role);
      expect(await b.allowed(userId, 'shared:read', atLeast(token))).toBe(true);
      const revoked = await b.revoke(userId, role);
      expect(await a.allowed(userId, 'shared:read', atLeast(revoked))).toBe(false);
    }
  });

  it('allow and deny without a token within the bound', async () => {
    const role = await a.role({ permissions: ['shared:write'] });
    const userId = await warmUser();
    await a.grant(userId, role);
    expect(await staleness(() => b.allowed(userId, 'shared:write'), true)).toBeLessThan(BOUND_MS);
    await b.warm(userId);
    await a.revoke(userId, role);
    expect(await staleness(() => b.allowed(userId, 'shared:write'), false)).toBeLessThan(BOUND_MS);
    expect(await b.allowed(userId, 'shared:write', FULLY)).toBe(false);
  });

  it('know of a role on one at once, with its token, that was made on the other', async () => {
    for (let round = 0; round < 5; round++) {
      const name = `fresh-${round}:read`;
      const userId = await warmUser();
      const roleId = await a.role({ permissions: [name] });
      const token = await b.grant(userId, roleId);
      expect(await b.allowed(userId, name, atLeast(token))).toBe(true);
      expect(await a.allowed(userId, name, atLeast(token))).toBe(true);
    }
  });

  it('never judge grants by a model that is older than they are', async () => {
    const userId = await warmUser();
    for (let round = 0; round < 5; round++) {
      const name = `causal-${round}:read`;
      const token = await a.grant(userId, await a.role({ permissions: [name] }));
      // The user's own part of the token suffices to see the role that was granted.
      const answers = await Promise.all([b.allowed(userId, name, atLeast(token)), b.allowed(userId, name, FULLY)]);
      expect(answers).toEqual([true, true]);
    }
  });

  it('make one grant of forty at once, twenty on each', async () => {
    const [userId, role] = [randomUUID(), await a.role()];
    const answers = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) => (index % 2 ? a : b).grant(userId, role)),
    );
    const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.reason] : []));
    expect(refusals).toEqual(Array(39).fill('GRANT_EXISTS'));
  });
});
