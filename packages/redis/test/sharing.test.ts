import { describe, expect, it } from 'vitest';
import { handLoader } from './hand-driven.ts';
import { answered, bounded, doc, inRedis, strict, textOf, useRedis } from './instance.ts';

const { open } = useRedis();

describe('lookups at once', () => {
  it('share one load, however many they are', async () => {
    const loader = handLoader();
    const { cache, redis } = await open({ load: loader.load });
    const lookups = Array.from({ length: 100 }, () => cache.get('x', bounded()));
    // Answers of Redis come in order, so after this one all wait for the truth.
    await answered({ redis });
    (await loader.nth(0)).answer({ version: 1n, value: doc('a') });
    expect(new Set((await Promise.all(lookups)).map(textOf))).toEqual(new Set(['a']));
    expect(loader.count).toBe(1);
  });

  it('share one load that begins after they asked, when they are strict', async () => {
    const loader = handLoader();
    const { cache, redis } = await open({ load: loader.load });
    const first = cache.get('x', strict());
    const load = await loader.nth(0);
    const others = Array.from({ length: 100 }, () => cache.get('x', strict()));
    await answered({ redis });
    load.answer({ version: 1n, value: doc('old') });
    expect(textOf(await first)).toBe('old');
    (await loader.nth(1)).answer({ version: 2n, value: doc('new') });
    expect(new Set((await Promise.all(others)).map(textOf))).toEqual(new Set(['new']));
    expect(loader.count).toBe(2);
  });

  it('go on when one of them is cancelled', async () => {
    const loader = handLoader();
    const { cache, redis } = await open({ load: loader.load });
    const leaver = new AbortController();
    const left = cache.get('x', bounded(leaver.signal));
    const stayed = cache.get('x', bounded());
    const load = await loader.nth(0);
    // Both wait for it then.
    await answered({ redis });
    leaver.abort();
    await expect(left).rejects.toMatchObject({ kind: 'cancelled' });
    expect(load.signal.aborted).toBe(false);
    load.answer({ version: 1n, value: doc('a') });
    expect(textOf(await stayed)).toBe('a');
  });

  it('keep nothing of a load whose callers have all gone', async () => {
    const loader = handLoader();
    const instance = await open({ load: loader.load });
    const leaver = new AbortController();
    const left = instance.cache.get('x', bounded(leaver.signal));
    const load = await loader.nth(0);
    leaver.abort(new DOMException('late', 'TimeoutError'));
    await expect(left).rejects.toMatchObject({ kind: 'deadline' });
    expect(load.signal.aborted).toBe(true);
    load.answer({ version: 1n, value: doc('a') });
    await new Promise(setImmediate);
    expect(instance.cache.peek('x')).toBeUndefined();
    expect(await inRedis(instance, 'x')).toBe('reserved');
    await expect(instance.cache.get('x', strict(AbortSignal.abort()))).rejects.toMatchObject({ kind: 'cancelled' });
  });
});
