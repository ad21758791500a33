import { randomUUID } from 'node:crypto';
import {
  areWell,
  createTestDatabase,
  isCurrent,
  type RedisInstance,
  type Selection,
  startRedis,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { atLeast, type Fixture, staleness, startFixture } from '../fixture.ts';
import { startBehindProxy } from './behind-proxy.ts';
import { type Load, startLoad } from './load.ts';
import { BOUND_MS, SHORT_BOUND } from './short-bound.ts';

/** The connection that hears of changes, and not the one for commands. */
const subscriber: Selection = ({ sent }) => sent.includes('\r\nsubscribe\r\n');

let redis: RedisInstance;
let database: TestDatabase;
let proxy: TcpProxy;
/** Has a good connection to Redis. */
let sound: Fixture;
/** Has its connection to Redis through the proxy. */
let afflicted: Fixture;
let load: Load | undefined;

beforeAll(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('authz')]);
  proxy = await startTcpProxy({ target: redis });
  [sound, afflicted] = await Promise.all([
    startFixture({ redis, database, env: SHORT_BOUND, instance: 'sound' }),
    startBehindProxy(proxy, { redis, database, env: SHORT_BOUND, instance: 'afflicted' }),
  ]);
});
beforeEach(() => waitFor(() => areWell([sound, afflicted])));
afterEach(async () => {
  proxy.resume();
  await load?.stop();
  load = undefined;
});
afterAll(async () => {
  proxy?.resume();
  await Promise.all([sound?.stop(), afflicted?.stop()]);
  await proxy?.stop();
  await redis?.stop();
  await database?.drop();
});

/** A load in which both answer from memory. */
async function underLoad(writers: Fixture[]): Promise<Load> {
  load = await startLoad({ instances: [sound, afflicted], writers, boundMs: BOUND_MS });
  await load.progress(30, 6);
  return load;
}

/** Goes on for longer than the bound, and then until both have answered further changes. */
async function outlastBound(running: Load): Promise<void> {
  const untilMs = performance.now() + 2 * BOUND_MS;
  await running.until(() => performance.now() > untilMs);
  await running.progress(10, 3);
}

async function recovers(running: Load): Promise<void> {
  proxy.resume();
  await waitFor(() => areWell([sound, afflicted]));
  await running.progress(30, 6);
  await running.stop();
  expect(running.wrong).toEqual([]);
  expect(await running.audit()).toEqual([]);
}

describe('an instance that is cut off from Redis without being told', () => {
  it('sees what was revoked elsewhere within the bound, with the token at once, and afterwards if nobody had asked', async () => {
    const roleId = await sound.role({ permissions: ['cut:read'] });
    const [asked, withToken, unasked] = [randomUUID(), randomUUID(), randomUUID()];
    const users = [asked, withToken, unasked];
    for (const userId of users) await sound.grant(userId, roleId);
    for (const userId of users) await afflicted.warm(userId);
    proxy.stall();
    await sound.revoke(asked, roleId);
    const stale = staleness(() => afflicted.allowed(asked, 'cut:read'), false);
    const token = await sound.revoke(withToken, roleId);
    expect(await afflicted.allowed(withToken, 'cut:read', atLeast(token))).toBe(false);
    expect(await stale).toBeLessThan(BOUND_MS);
    await sound.revoke(unasked, roleId);
    proxy.resume();
    await waitFor(() => areWell([afflicted]));
    expect(await afflicted.allowed(unasked, 'cut:read')).toBe(false);
  });

  it('answers nothing that is older than the bound, and nothing wrong with a token; what it writes is seen as well', async () => {
    const running = await underLoad([sound, afflicted]);
    proxy.stall();
    await outlastBound(running);
    expect(await isCurrent(afflicted)).toBe(false);
    expect(running.tally(afflicted).unavailable).toBe(0);
    await recovers(running);
  });
});

describe('an instance that has lost only the connection on which it hears', () => {
  it('keeps to the bound when that connection falls silent, and when it breaks', async () => {
    const running = await underLoad([sound]);
    proxy.stall(subscriber);
    await outlastBound(running);
    expect(await isCurrent(afflicted)).toBe(false);
    proxy.resume();
    for (let time = 0; time < 3; time++) {
      proxy.drop(subscriber);
      await running.progress(10, 3);
    }
    await recovers(running);
  });
});
