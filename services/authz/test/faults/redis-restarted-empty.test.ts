import { randomUUID } from 'node:crypto';
import {
  areWell,
  createTestDatabase,
  type RedisInstance,
  startRedis,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOUND_MS, type Fixture, startFixture } from '../fixture.ts';
import { startLoad } from './load.ts';

let redis: RedisInstance;
let database: TestDatabase;
let instances: Fixture[];

beforeAll(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('authz')]);
  instances = await Promise.all(['a', 'b'].map((instance) => startFixture({ redis, database, instance })));
  await waitFor(() => areWell(instances));
});
afterAll(async () => {
  await Promise.all((instances ?? []).map((each) => each.stop()));
  await redis?.stop();
  await database?.drop();
});

describe('Redis that is killed and comes back empty, under load', () => {
  it('no answer is older than the bound, none with a token is old, and writes go on', async () => {
    const [one, other] = instances as [Fixture, Fixture];
    // Of whom both know from memory, and about whom nobody asks again before Redis is back.
    const roleId = await one.role({ permissions: ['empty:read'] });
    const unasked = randomUUID();
    await one.grant(unasked, roleId);
    for (const each of instances) await each.warm(unasked);
    const load = await startLoad({ instances, boundMs: BOUND_MS });
    try {
      await load.progress(25, 6);
      await redis.kill();
      await load.progress(20, 5);
      // From here on both know that it is gone, and Postgres answers everything.
      const goneUntilMs = performance.now() + BOUND_MS;
      await load.until(() => performance.now() > goneUntilMs);
      await other.revoke(unasked, roleId);
      await load.progress(20, 5);
      for (const each of instances) expect(load.tally(each).unavailable).toBe(0);
      await redis.restart();
      await load.progress(25, 6);
      await waitFor(() => areWell(instances));
      for (const each of instances) expect(await each.allowed(unasked, 'empty:read')).toBe(false);
      await load.progress(25, 6);
    } finally {
      await load.stop();
    }
    expect(load.wrong).toEqual([]);
    expect(await load.audit()).toEqual([]);
  });
});
