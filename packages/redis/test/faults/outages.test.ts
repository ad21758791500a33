import { Failure } from '@gatehouse/failure';
import { createRegistry } from '@gatehouse/process';
import { startStopwatch, waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { BOUND_MS, bounded, doc, fill, full, redisKey, strict, textOf, useRedis } from '../instance.ts';

const COMMAND_TIMEOUT_MS = 400;
/** "At once", the pauses of the machine apart. */
const PROMPT_MS = 200;

const fixture = useRedis();

async function open() {
  const truth = { version: 1n, text: 'truth', loads: 0 };
  const registry = createRegistry('test');
  const instance = await fixture.open({
    store: { commandTimeoutMs: COMMAND_TIMEOUT_MS },
    cache: { registry },
    load: async () => {
      truth.loads += 1;
      return { version: truth.version, value: doc(truth.text) };
    },
  });
  return { ...instance, truth, metrics: () => registry.metrics() };
}

async function timed<T>(work: () => Promise<T>): Promise<{ answer: T; tookMs: number }> {
  const watch = startStopwatch();
  const answer = await work();
  return { answer, tookMs: watch.stop() };
}

describe('with Redis killed', () => {
  it('lookups answer from the truth, fast, and memory is not used for longer than the bound', async () => {
    const { cache, bus, truth } = await open();
    await cache.get('x', bounded());
    expect(cache.peek('x')).toBeDefined();
    await fixture.server.kill();
    const watch = startStopwatch();
    truth.version = 2n;
    for (const options of [strict(), full()]) {
      const { answer, tookMs } = await timed(() => cache.get('x', options));
      expect(answer).toMatchObject({ layer: 'l3', version: 2n });
      expect(tookMs).toBeLessThan(PROMPT_MS);
    }
    await waitFor(() => !bus.current, { everyMs: 1 });
    expect(watch.stop()).toBeLessThan(BOUND_MS + PROMPT_MS);
    expect(cache.peek('x')).toBeUndefined();
    expect(await cache.get('x', bounded())).toMatchObject({ layer: 'l3', version: 2n });
    await fixture.server.restart();
  });

  it('an invalidation is refused as unavailable, and a fill is counted', async () => {
    const { cache, redis, metrics } = await open();
    await fixture.server.kill();
    await waitFor(() => !redis.usable);
    const { answer, tookMs } = await timed(() =>
      cache.invalidate([{ id: 'x', version: 2n }]).catch((error: unknown) => error),
    );
    expect(answer).toBeInstanceOf(Failure);
    expect(answer).toMatchObject({ kind: 'unavailable', reason: 'REDIS_UNAVAILABLE' });
    expect(tookMs).toBeLessThan(PROMPT_MS);
    await fill(cache, 'x', 3n, doc('new'));
    expect(cache.peek('x')).toBeUndefined();
    expect(await metrics()).toMatch(/cache_unwritten_total\{[^}]*topic="doc"[^}]*\} 1/);
    await fixture.server.restart();
  });

  it('and back empty, memory is reset and everything is filled again', async () => {
    const { cache, bus, truth, redis } = await open();
    await cache.get('x', bounded());
    let resets = 0;
    bus.onReset(() => {
      resets += 1;
    });
    await fixture.server.kill();
    await fixture.server.restart();
    await waitFor(() => resets > 0 && bus.current);
    expect(resets).toBe(1);
    expect(cache.peek('x')).toBeUndefined();
    truth.version = 2n;
    truth.text = 'new';
    expect(textOf(await cache.get('x', bounded()))).toBe('new');
    await waitFor(() => redis.client.exists(redisKey('x')));
    expect(await cache.get('x', strict())).toMatchObject({ layer: 'l2', version: 2n });
    expect(cache.peek('x')?.text).toBe('new');
  });
});

describe('with Redis hanging', () => {
  it('a lookup waits for it no longer than one command timeout, and then not at all', async () => {
    const { cache, bus, redis } = await open();
    await cache.get('x', bounded());
    await fixture.server.pause();
    const first = await timed(() => cache.get('x', strict()));
    await waitFor(() => !bus.current, { everyMs: 1 });
    expect(cache.peek('x')).toBeUndefined();
    await waitFor(() => !redis.usable, { everyMs: 1 });
    const later = await timed(() => cache.get('x', strict()));
    await fixture.server.resume();
    expect(first.answer).toMatchObject({ layer: 'l3' });
    expect(first.tookMs).toBeLessThan(COMMAND_TIMEOUT_MS + PROMPT_MS);
    expect(later.answer).toMatchObject({ layer: 'l3' });
    expect(later.tookMs).toBeLessThan(PROMPT_MS);
    await waitFor(() => bus.current);
  });

  it('an invalidation is refused within the command timeout, and can be repeated', async () => {
    const { cache, bus } = await open();
    await cache.get('x', bounded());
    await fixture.server.pause();
    const { answer, tookMs } = await timed(() =>
      cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]).catch((error: unknown) => error),
    );
    await fixture.server.resume();
    expect(answer).toMatchObject({ reason: 'REDIS_UNAVAILABLE' });
    expect(tookMs).toBeLessThan(COMMAND_TIMEOUT_MS + PROMPT_MS);
    await waitFor(() => bus.current);
    await cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]);
    expect(await cache.get('x', bounded())).toEqual({ state: 'gone', note: 'revoked' });
  });
});

describe('with only the subscription cut', () => {
  it('memory is not used until it is back, and then it is empty', async () => {
    const { cache, bus, redis, truth } = await open();
    await cache.get('x', bounded());
    await waitFor(() => redis.client.exists(redisKey('x')));
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(() => !bus.current, { everyMs: 1 });
    expect(cache.peek('x')).toBeUndefined();
    // Redis still answers, so the truth is left alone.
    expect(await cache.get('x', bounded())).toMatchObject({ layer: 'l2' });
    await waitFor(() => bus.current);
    expect(cache.peek('x')).toBeUndefined();
    expect(await cache.get('x', bounded())).toMatchObject({ layer: 'l2' });
    expect(cache.peek('x')).toBeDefined();
    expect(truth.loads).toBe(1);
  });
});

describe('with a message lost', () => {
  it('memory is dropped within the bound', async () => {
    const { cache, bus, redis, truth } = await open();
    await cache.get('x', bounded());
    await waitFor(() => redis.client.exists(redisKey('x')));
    // Somebody changed the record: Redis knows, the message was counted, and nobody heard it.
    truth.version = 2n;
    await redis.client.del(redisKey('x'));
    await redis.client.incr('test:invalidations:sequence');
    const watch = startStopwatch();
    await waitFor(() => cache.peek('x') === undefined, { everyMs: 1 });
    expect(watch.stop()).toBeLessThan(BOUND_MS + PROMPT_MS);
    await waitFor(() => bus.current);
    expect(await cache.get('x', bounded())).toMatchObject({ version: 2n });
  });
});

describe('with Redis refusing to write', () => {
  it('what it holds is not believed, because it could not be invalidated, until it writes again', async () => {
    const { cache, bus, redis, truth } = await open();
    const events: string[] = [];
    redis.onOutage(() => events.push('outage'));
    redis.onRecovery(() => events.push('recovery'));
    await cache.get('x', bounded());
    await waitFor(() => redis.client.exists(redisKey('x')));
    await redis.client.config('SET', 'maxmemory', 1);
    await waitFor(() => !redis.usable, { everyMs: 1 });
    truth.version = 2n;
    for (const options of [bounded(), strict()]) {
      expect(await cache.get(`x`, options)).toMatchObject({ layer: 'l3', version: 2n });
    }
    await waitFor(() => !bus.current, { everyMs: 1 });
    await redis.client.config('SET', 'maxmemory', 0);
    await waitFor(() => redis.usable && bus.current);
    expect(events).toEqual(['outage', 'recovery']);
    await cache.invalidate([{ id: 'x', version: 2n }]);
    expect(await cache.get('x', strict())).toMatchObject({ version: 2n });
  });
});
