import { randomUUID } from 'node:crypto';
import {
  areWell,
  createTestDatabase,
  type RedisInstance,
  startRedis,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { atLeast, type Fixture, FULLY, staleness, startFixture } from '../fixture.ts';
import { neverWrong, READ, warmReaders } from './readers.ts';
import { BOUND_MS, SHORT_BOUND } from './short-bound.ts';

// Servers are stopped, started and waited for.
let redis: RedisInstance;
let database: TestDatabase;
let a: Fixture;
let b: Fixture;

beforeAll(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('authz')]);
  [a, b] = await Promise.all([
    startFixture({ redis, database, env: SHORT_BOUND }),
    startFixture({ redis, database, env: SHORT_BOUND }),
  ]);
});
afterEach(async () => {
  if (!redis.running) await redis.restart();
  await waitFor(() => areWell([a, b]));
});
afterAll(async () => {
  await Promise.all([a?.stop(), b?.stop()]);
  await redis?.stop();
  await database?.drop();
});

/** Whether the instance has noticed that it can not know what it would miss. */
async function hasForgotten(fixture: Fixture): Promise<boolean> {
  return (await fixture.metric('cache_l1_entries', 'topic="authz-grants"')) === 0;
}

describe('with Redis killed', () => {
  it('checks answer from Postgres, and see at once what is granted and revoked', async () => {
    const { roleId, reader, stranger } = await warmReaders([a, b]);
    await redis.kill();
    await waitFor(async () => (await hasForgotten(a)) && (await hasForgotten(b)));
    for (const fixture of [a, b]) {
      const before = await fixture.answeredBy('l3');
      expect(await fixture.allowed(reader, READ)).toBe(true);
      expect(await fixture.allowed(stranger, READ)).toBe(false);
      expect(await fixture.allowed(reader, READ, FULLY)).toBe(true);
      expect(await fixture.answeredBy('l3')).toBe(before + 3);
    }
    const revoked = await a.revoke(reader, roleId);
    const granted = await b.grant(stranger, roleId);
    expect(await b.allowed(reader, READ, atLeast(revoked))).toBe(false);
    expect(await a.allowed(stranger, READ, atLeast(granted))).toBe(true);
    expect(await staleness(() => b.allowed(reader, READ), false)).toBeLessThan(BOUND_MS);
    expect(await staleness(() => a.allowed(stranger, READ), true)).toBeLessThan(BOUND_MS);
    await redis.restart();
    await neverWrong([a, b], reader, false);
    await neverWrong([a, b], stranger, true);
    await Promise.all([a.warm(reader), b.warm(reader)]);
    await neverWrong([a, b], reader, false);
  });

  it('a change of the model is seen by each check, although nobody could be told', async () => {
    const { reader } = await warmReaders([a, b]);
    await redis.kill();
    await waitFor(() => hasForgotten(b));
    await waitFor(async () => {
      const name = `model-${randomUUID()}:read`;
      await a.grant(reader, await a.role({ permissions: [name] }));
      return b.allowed(reader, name);
    });
  });
});

describe('with a Redis that hangs, and comes back with what it held', () => {
  it('memory answers no longer than the bound, then Postgres does, and nothing that was revoked comes back', async () => {
    const { roleId, reader } = await warmReaders([a, b]);
    await redis.pause();
    await a.revoke(reader, roleId);
    expect(await staleness(() => b.allowed(reader, READ), false)).toBeLessThan(BOUND_MS);
    expect(await a.allowed(reader, READ)).toBe(false);
    await redis.resume();
    for (let round = 0; round < 5; round++) await neverWrong([a, b], reader, false);
    await Promise.all([a.warm(reader), b.warm(reader)]);
    await neverWrong([a, b], reader, false);
  });
});

describe('an instance without a Redis from the start', () => {
  it('answers from Postgres, and has the others tell what it could not', async () => {
    const { reader, stranger } = await warmReaders([a, b]);
    const alone = await startFixture({ database, env: { GATEHOUSE_AUTHZ_REDIS_URL: 'redis://127.0.0.1:1' } });
    try {
      expect(await alone.allowed(reader, READ)).toBe(true);
      expect(await alone.allowed(stranger, READ)).toBe(false);
      const token = await alone.grant(stranger, await alone.role({ permissions: [READ] }));
      expect(await alone.allowed(stranger, READ)).toBe(true);
      expect(await b.allowed(stranger, READ, atLeast(token))).toBe(true);
      await staleness(() => a.allowed(stranger, READ), true);
    } finally {
      await alone.stop();
    }
  });
});

describe('a Redis that holds what was revoked when nobody could be told', () => {
  it('is not believed by an instance that starts then', async () => {
    const { roleId, reader } = await warmReaders([a, b]);
    await Promise.all([a.stop(), b.stop()]);
    const alone = await startFixture({ database, env: { GATEHOUSE_AUTHZ_REDIS_URL: 'redis://127.0.0.1:1' } });
    await alone.revoke(reader, roleId);
    await alone.stop();
    [a, b] = await Promise.all([
      startFixture({ redis, database, env: SHORT_BOUND }),
      startFixture({ redis, database, env: SHORT_BOUND }),
    ]);
    for (let round = 0; round < 20; round++) {
      expect(await Promise.all([a.allowed(reader, READ), b.allowed(reader, READ)])).toEqual([false, false]);
    }
  });
});
