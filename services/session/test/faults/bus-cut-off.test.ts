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
import { rounds } from '@gatehouse/testing/chance';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StartedSession, startSession } from '../harness.ts';
import { startBehindProxy } from './instance.ts';
import { audit, type Load, much, startLoad } from './load.ts';

/** Short, to be waited for often. The real one is kept by redis-restarted-empty.test.ts. */
const BOUND_MS = 700;
const env = { GATEHOUSE_SESSION_STALENESS_BOUND_MS: String(BOUND_MS), GATEHOUSE_SESSION_HEARTBEAT_MS: '100' };
/** The connection that hears of revocations, and not the one for commands. */
const subscriber: Selection = ({ sent }) => sent.includes('\r\nsubscribe\r\n');

let redis: RedisInstance;
let database: TestDatabase;
let proxy: TcpProxy;
/** Revokes, and has a good connection to Redis. */
let sound: StartedSession;
/** Has its connection to Redis through the proxy. */
let afflicted: StartedSession;
let load: Load;

beforeEach(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('session')]);
  proxy = await startTcpProxy({ target: redis });
  sound = await startSession({ redis, database, env, instance: 'sound' });
  afflicted = await startBehindProxy(proxy, { redis, database, env, instance: 'afflicted' });
  await waitFor(() => areWell([sound, afflicted]));
  load = startLoad({ instances: [sound, afflicted], writers: [sound], boundMs: BOUND_MS });
  // From its memory, in which the sessions lie that are going to be revoked.
  await load.until(() => load.tally(afflicted).accepted > much(100) && load.tally(afflicted).refused > much(30));
});
afterEach(async () => {
  proxy.resume();
  await load.stop();
  await Promise.all([sound, afflicted].map((each) => each.stop()));
  await proxy.stop();
  await Promise.all([redis.stop(), database.drop()]);
});

const CUTS_MAX = 10;

/** Goes on until sessions that were revoked since now have been revoked for longer than the bound. */
async function outlastBound(): Promise<void> {
  load.mark();
  const [revoked, until] = [load.revoked, performance.now() + 2 * BOUND_MS];
  await load.until(() => performance.now() > until && load.revoked > revoked + much(20));
  await load.until(() => load.tally(afflicted).refused > much(50));
}

/**
 * Cuts the instance off, and tells for how long after a revocation it accepted from its memory: it has to, or else the cut
 * has not been felt. Whether one is asked about in so short a time is luck, so it is cut off again until one was.
 */
async function cutOff(): Promise<number> {
  const seen = () => load.tally(afflicted);
  for (let cut = 0; cut < CUTS_MAX; cut++) {
    load.mark();
    proxy.stall();
    const until = performance.now() + BOUND_MS;
    await load.until(() => seen().acceptedAfterMs > 0 || performance.now() > until);
    if (seen().acceptedAfterMs > 0) break;
    proxy.resume();
    await waitFor(() => areWell([sound, afflicted]));
    load.mark();
    await load.until(() => seen().accepted > much(100));
  }
  return seen().acceptedAfterMs;
}

async function recovers(): Promise<void> {
  proxy.resume();
  await waitFor(() => areWell([sound, afflicted]));
  load.mark();
  await load.until(() => load.tally(afflicted).accepted > much(50) && load.tally(afflicted).refused > much(25));
  await load.stop();
  expect(load.wrong).toEqual([]);
  expect(await audit(load.sessions, [sound, afflicted])).toEqual([]);
}

describe('an instance that is cut off from Redis without being told', () => {
  it('accepts nothing for longer than the bound after its revocation elsewhere, and refuses no good session', async () => {
    expect(await cutOff()).toBeGreaterThan(0);
    await outlastBound();
    expect(await isCurrent(afflicted)).toBe(false);
    await recovers();
  });

  it('again and again, for shorter than the bound, keeps to it as well', async () => {
    for (const cutMs of [0.1, 0.4, 0.8].map((share) => share * BOUND_MS)) {
      load.mark();
      proxy.stall();
      const until = performance.now() + cutMs;
      await load.until(() => performance.now() > until);
      proxy.resume();
      await load.until(() => load.tally(afflicted).refused > much(20));
    }
    await recovers();
  });
});

describe('an instance that has lost only the connection on which it hears', () => {
  it('keeps to the bound when that connection falls silent', async () => {
    proxy.stall(subscriber);
    await outlastBound();
    expect(await isCurrent(afflicted)).toBe(false);
    await recovers();
  });

  it('keeps to the bound when that connection breaks', async () => {
    for (let i = 0; i < rounds(5, 2); i++) {
      load.mark();
      proxy.drop(subscriber);
      await load.until(() => load.tally(afflicted).accepted > much(30) && load.tally(afflicted).refused > much(20));
    }
    await recovers();
  });
});

describe('an instance that hears late', () => {
  it.each([40, 300])('keeps to the bound when messages take %d ms', async (delayMs) => {
    proxy.delay(delayMs, subscriber);
    await outlastBound();
    await recovers();
  });

  it('keeps to the bound when everything takes 100 ms longer, and when nothing comes in time', async () => {
    for (const delayMs of [100, 400]) {
      proxy.delay(delayMs);
      await outlastBound();
    }
    await recovers();
  });
});
