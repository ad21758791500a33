import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { deafBus, useHandDriven } from './hand-driven.ts';
import { answered, bounded, doc, fill, inRedis, strict, textOf } from './instance.ts';

const { redis, open, openTwo } = useHandDriven();

describe('a slow load', () => {
  it('that an invalidation overtakes is loaded again, and its result goes nowhere', async () => {
    const { one, two } = await openTwo();
    const lookup = two.cache.get('x', bounded());
    const slow = await two.loader.nth(0);
    await one.cache.invalidate([{ id: 'x', version: 2n }]);
    await two.hears('x 2');
    slow.answer({ version: 1n, value: doc('old') });
    const again = await two.loader.nth(1);
    expect(two.cache.peek('x')).toBeUndefined();
    expect(await inRedis(two, 'x')).toBe('stale 2');
    again.answer({ version: 2n, value: doc('new') });
    expect(textOf(await lookup)).toBe('new');
    await waitFor(async () => (await inRedis(two, 'x')) === 'value 2');
  });

  it('never replaces a tombstone', async () => {
    const { one, two } = await openTwo();
    const lookup = two.cache.get('x', bounded());
    const slow = await two.loader.nth(0);
    await one.cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]);
    await two.hears('x 2');
    slow.answer({ version: 1n, value: doc('old') });
    (await two.loader.nth(1)).answer({ version: 2n, gone: 'revoked' });
    expect(await lookup).toEqual({ state: 'gone', note: 'revoked' });
    expect(two.cache.peek('x')).toBeUndefined();
    expect(await inRedis(one, 'x')).toBe('gone 2');
    expect(await two.cache.get('x', strict())).toEqual({ state: 'gone', note: 'revoked' });
  });

  it('never replaces a value that was filled meanwhile', async () => {
    const one = await open();
    const lookup = one.cache.get('x', bounded());
    const slow = await one.loader.nth(0);
    await fill(one.cache, 'x', 2n, doc('new'));
    slow.answer({ version: 1n, value: doc('old') });
    (await one.loader.nth(1)).answer({ version: 2n, value: doc('new') });
    expect(textOf(await lookup)).toBe('new');
    expect(await inRedis(one, 'x')).toBe('value 2');
    expect(one.cache.peek('x')?.text).not.toBe('old');
    expect(await one.cache.get('x', strict())).toMatchObject({ version: 2n });
  });

  it('is not joined by those who come after the invalidation', async () => {
    const { one, two } = await openTwo();
    const before = two.cache.get('x', bounded());
    await two.loader.nth(0);
    await one.cache.invalidate([{ id: 'x', version: 2n }]);
    await two.hears('x 2');
    const after = two.cache.get('x', bounded());
    (await two.loader.nth(1)).answer({ version: 2n, value: doc('new') });
    expect(textOf(await after)).toBe('new');
    expect(two.cache.peek('x')).toBeUndefined();
    (await two.loader.nth(0)).answer({ version: 1n, value: doc('old') });
    (await two.loader.nth(2)).answer({ version: 2n, value: doc('new') });
    expect(textOf(await before)).toBe('new');
  });

  it('is not joined by a strict lookup, which would see what was there before it asked', async () => {
    const one = await open();
    const early = one.cache.get('x', bounded());
    const first = await one.loader.nth(0);
    const late = one.cache.get('x', strict());
    // Answers of Redis come in order, so after this one the strict lookup waits for the truth.
    await answered(one);
    first.answer({ version: 1n, value: doc('old') });
    expect(textOf(await early)).toBe('old');
    (await one.loader.nth(1)).answer({ version: 2n, value: doc('new') });
    expect(textOf(await late)).toBe('new');
  });

  it('does not satisfy whoever has learnt from Redis that there is something newer', async () => {
    const one = await open();
    const deaf = await open({ cache: { bus: deafBus } });
    const early = deaf.cache.get('x', bounded());
    const slow = await deaf.loader.nth(0);
    await one.cache.invalidate([{ id: 'x', version: 2n }]);
    const late = deaf.cache.get('x', bounded());
    await answered(deaf);
    expect(deaf.loader.count).toBe(1);
    slow.answer({ version: 1n, value: doc('old') });
    expect(textOf(await early)).toBe('old');
    (await deaf.loader.nth(1)).answer({ version: 2n, value: doc('new') });
    expect(textOf(await late)).toBe('new');
  });

  it('that a reset of the bus overtakes is not kept in memory', async () => {
    const one = await open();
    const lookup = one.cache.get('x', bounded());
    const slow = await one.loader.nth(0);
    await one.redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(() => !one.bus.current, { everyMs: 1 });
    await waitFor(() => one.bus.current, { everyMs: 1 });
    slow.answer({ version: 1n, value: doc('old') });
    await lookup;
    expect(one.cache.peek('x')).toBeUndefined();
  });

  it.each([
    ['that outlives Redis', {}],
    ['that outlives Redis, before the bus has told of it,', { cache: { bus: deafBus } }],
  ])('%s does not put what it read into the one that comes back empty', async (_, options) => {
    const one = await open(options);
    const back = new Promise<void>((resolve) => one.redis.onRecovery(resolve));
    const lookup = one.cache.get('x', bounded());
    const slow = await one.loader.nth(0);
    await redis.server.restart();
    await back;
    await waitFor(() => one.bus.current);
    slow.answer({ version: 1n, value: doc('old') });
    expect(textOf(await lookup)).toBe('old');
    await answered(one);
    expect(await inRedis(one, 'x')).toBeUndefined();
    expect(one.cache.peek('x')).toBeUndefined();
  });

  it('does not keep a lookup that demands what it can not give from loading again', async () => {
    const one = await open();
    const early = one.cache.get('x', bounded());
    const first = await one.loader.nth(0);
    const demanding = one.cache.get('x', { ...bounded(), minVersion: 2n });
    await answered(one);
    first.answer({ version: 1n, value: doc('old') });
    expect(textOf(await early)).toBe('old');
    (await one.loader.nth(1)).answer({ version: 2n, value: doc('new') });
    expect(textOf(await demanding)).toBe('new');
  });

  it('of a truth that went back is believed after one more load', async () => {
    const one = await open();
    await one.cache.invalidate([{ id: 'x', version: 9n }]);
    const lookup = one.cache.get('x', strict());
    (await one.loader.nth(0)).answer({ version: 3n, value: doc('restored') });
    expect(textOf(await lookup)).toBe('restored');
    expect(one.loader.count).toBe(1);
  });
});
