import { once } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { isFailure } from '@gatehouse/failure';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { defineScript, openRedis, type RedisStore, redisCondition } from '@gatehouse/redis';
import { freePort, type RedisInstance, startRedis, startStopwatch, waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const COMMAND_TIMEOUT_MS = 400;
/** "At once", the pauses of the machine apart. */
const PROMPT_MS = 200;

let server: RedisInstance;
const stores: RedisStore[] = [];
beforeAll(async () => {
  server = await startRedis();
});
afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));
afterAll(() => server.stop());

function open(url = server.url, registry = createRegistry('test')) {
  const store = openRedis({ url, name: 'test', commandTimeoutMs: COMMAND_TIMEOUT_MS, logger: silentLogger, registry });
  stores.push(store);
  const events: string[] = [];
  store.onOutage(() => events.push('outage'));
  store.onRecovery(() => events.push('recovery'));
  return { store, events, registry };
}

/** What a promise rejects with, and how long this process had to run until then. */
async function rejection(work: Promise<unknown>) {
  const watch = startStopwatch();
  const error: unknown = await work.then(
    () => expect.unreachable('It should have failed.'),
    (reason: unknown) => reason,
  );
  return { error, tookMs: watch.stop() };
}

describe('a store', () => {
  it('is usable once it is ready, and tells of no outage', async () => {
    const { store, events } = open();
    expect(store.usable).toBe(false);
    await store.ready();
    expect(store.usable).toBe(true);
    await store.client.set('greeting', 'hello');
    expect(await store.client.get('greeting')).toBe('hello');
    expect(events).toEqual([]);
  });

  it('lets a mistake in a command rise as what it is', async () => {
    const { store } = open();
    await store.ready();
    await store.client.set('text', 'x');
    const { error } = await rejection(store.client.lpush('text', 'y'));
    expect(isFailure(error)).toBe(false);
    expect(error).toMatchObject({ message: expect.stringContaining('WRONGTYPE') });
  });

  it('fails commands at once while Redis is gone, and works again when it is back', async () => {
    const { store, events } = open();
    await store.ready();
    await server.kill();
    await waitFor(() => !store.usable);
    const { error, tookMs } = await rejection(store.client.get('x'));
    expect(error).toMatchObject({ kind: 'unavailable', reason: 'REDIS_UNAVAILABLE' });
    expect(tookMs).toBeLessThan(PROMPT_MS);
    await server.restart();
    await store.ready();
    expect(await store.client.get('x')).toBeNull();
    await waitFor(() => events.length === 2);
    expect(events).toEqual(['outage', 'recovery']);
  });

  it('fails a command that was under way when the connection broke, and does not send it again', async () => {
    const { store } = open();
    const other = open().store;
    await Promise.all([store.ready(), other.ready()]);
    await store.client.del('count');
    await server.pause();
    const command = rejection(store.client.incr('count'));
    store.client.disconnect(true);
    expect((await command).error).toMatchObject({ reason: 'REDIS_UNAVAILABLE' });
    await waitFor(() => !store.usable);
    await server.resume();
    await Promise.all([store.ready(), other.ready()]);
    expect(await store.client.incrby('count', 10)).toBeLessThanOrEqual(11);
  });

  it('fails a command within its timeout when Redis hangs, then gives the connection up until Redis answers', async () => {
    const { store, events } = open();
    await store.ready();
    await server.pause();
    const { error, tookMs } = await rejection(store.client.get('x'));
    expect(redisCondition(error)).toBe('TIMEOUT');
    expect(tookMs).toBeLessThan(COMMAND_TIMEOUT_MS + PROMPT_MS);
    await waitFor(() => !store.usable);
    expect((await rejection(store.client.get('x'))).tookMs).toBeLessThan(PROMPT_MS);
    await server.resume();
    await store.ready();
    expect(events).toEqual(['outage', 'recovery']);
  });

  it('can be opened before Redis is there', async () => {
    await server.kill();
    const { store, events } = open();
    expect(isFailure((await rejection(store.ready(300))).error, 'REDIS_UNAVAILABLE')).toBe(true);
    expect(isFailure((await rejection(store.client.get('x'))).error, 'REDIS_UNAVAILABLE')).toBe(true);
    expect(events).toEqual(['outage']);
    await server.restart();
    await store.ready();
    await waitFor(() => events.length === 2);
    expect(events).toEqual(['outage', 'recovery']);
  });

  it('is never usable with a wrong password, and shows no part of its URL', async () => {
    const { store } = open(`redis://:wr0ng@127.0.0.1:${server.port}`);
    const { error } = await rejection(store.ready(200));
    expect(isFailure(error, 'REDIS_UNAVAILABLE')).toBe(true);
    expect(JSON.stringify(Object.keys(store))).not.toContain('wr0ng');
  });

  it('counts commands that failed, by what was wrong', async () => {
    const { store, registry } = open();
    await store.ready();
    await server.pause();
    await rejection(store.client.get('x'));
    await server.resume();
    await waitFor(async () =>
      (await registry.metrics()).match(/redis_command_failures_total\{[^}]*condition="TIMEOUT"[^}]*\} [1-9]/),
    );
  });

  it('hands out a subscriber that ends when its connection is lost, and does not come back', async () => {
    const { store } = open();
    await store.ready();
    const subscriber = store.subscriber();
    subscriber.on('error', () => {});
    await once(subscriber, 'ready');
    await subscriber.subscribe('news');
    await store.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(() => subscriber.status === 'end');
    await after(50);
    expect(subscriber.status).toBe('end');
  });

  it('closes all of its connections', async () => {
    const watching = open().store;
    await watching.ready();
    const { store } = open();
    await store.ready();
    const subscriber = store.subscriber();
    await once(subscriber, 'ready');
    await subscriber.subscribe('news');
    await store.close();
    await waitFor(
      async () =>
        String(await watching.client.client('LIST'))
          .trim()
          .split('\n').length === 1,
    );
    expect([store.client.status, subscriber.status]).toEqual(['end', 'end']);
  });

  it('can be closed while it has no connection', async () => {
    const { store, events } = open(`redis://127.0.0.1:${await freePort()}`);
    await waitFor(() => events.length === 1);
    await store.close();
    expect(store.usable).toBe(false);
  });
});

describe('a script', () => {
  const put = new URL('../src/scripts/put.lua', import.meta.url);

  it('runs although the server has forgotten it', async () => {
    const { store } = open();
    await store.ready();
    const run = defineScript<number>(store, 'testPut', put);
    const entry = (version: number) => Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, version]);
    expect(await run(['k'], [entry(1), 1000, ''])).toBe(1);
    await store.client.script('FLUSH');
    expect(await run(['k'], [entry(2), 1000, ''])).toBe(1);
    expect(await run(['k'], [entry(1), 1000, ''])).toBe(0);
  });

  it('fails like any command when Redis is gone', async () => {
    const { store } = open(`redis://127.0.0.1:${await freePort()}`);
    const run = defineScript<number>(store, 'testPut', put);
    expect(isFailure((await rejection(run(['k'], ['x', 1]))).error, 'REDIS_UNAVAILABLE')).toBe(true);
  });
});
