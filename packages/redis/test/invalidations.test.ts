import { describe, expect, it } from 'vitest';
import { deafBus, useHandDriven } from './hand-driven.ts';
import { bounded, doc, fill, inRedis, strict, textOf } from './instance.ts';

const { open, openTwo } = useHandDriven();

describe('an invalidation', () => {
  it('is seen by a strict lookup of any instance as soon as it resolves, and by memory as soon as it is heard', async () => {
    const { one, two } = await openTwo();
    await fill(one.cache, 'x', 1n, doc('old'));
    await two.cache.get('x', strict());
    expect(two.cache.peek('x')?.text).toBe('old');
    expect(one.cache.peek('x')?.text).toBe('old');
    await one.cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]);
    expect(await two.cache.get('x', strict())).toEqual({ state: 'gone', note: 'revoked' });
    expect(one.cache.peek('x')).toBeUndefined();
    await two.hears('x 2');
    expect(two.cache.peek('x')).toBeUndefined();
  });

  it('sends those who come next to the truth, where it is not gone', async () => {
    const one = await open();
    await fill(one.cache, 'x', 1n, doc('old'));
    await one.cache.invalidate([{ id: 'x', version: 2n }]);
    const lookup = one.cache.get('x', bounded());
    (await one.loader.nth(0)).answer({ version: 2n, value: doc('new') });
    expect(textOf(await lookup)).toBe('new');
  });

  it('of a row that was deleted with its last version beats the value of that version', async () => {
    const one = await open();
    await fill(one.cache, 'x', 1n, doc('old'));
    await one.cache.invalidate([{ id: 'x', version: 1n, gone: 'deleted' }]);
    expect(one.cache.peek('x')).toBeUndefined();
    expect(await one.cache.get('x', bounded())).toEqual({ state: 'gone', note: 'deleted' });
  });

  it('does not take away what is newer', async () => {
    const { one, two } = await openTwo();
    await fill(one.cache, 'x', 3n, doc('new'));
    await two.cache.get('x', strict());
    await one.cache.invalidate([{ id: 'x', version: 2n }]);
    await two.hears('x 2');
    expect(two.cache.peek('x')?.text).toBe('new');
    expect(await inRedis(one, 'x')).toBe('value 3');
  });

  it('reaches all of a thousand ids', async () => {
    const { one, two } = await openTwo();
    const items = Array.from({ length: 1000 }, (_, index) => ({ id: `id${index}`, version: 2n, gone: 'revoked' }));
    await fill(two.cache, 'id0', 1n, doc('old'));
    await fill(two.cache, 'id999', 1n, doc('old'));
    await one.cache.invalidate(items);
    await two.hears('id999 2');
    for (const id of ['id0', 'id500', 'id999']) {
      expect(two.cache.peek(id)).toBeUndefined();
      expect(await two.cache.get(id, strict())).toEqual({ state: 'gone', note: 'revoked' });
    }
  });

  it('of many ids forgets what was read while it was under way, before the bus brings it back', async () => {
    const one = await open({ cache: { bus: deafBus } });
    await fill(one.cache, 'last', 1n, doc('old'));
    const others = Array.from({ length: 300 }, (_, index) => ({ id: `id${index}`, version: 2n }));
    const invalidation = one.cache.invalidate([...others, { id: 'last', version: 2n }]);
    expect(one.cache.peek('last')).toBeUndefined();
    expect(textOf(await one.cache.get('last', strict()))).toBe('old');
    await invalidation;
    expect(one.cache.peek('last')).toBeUndefined();
  });

  it('that a fill follows too late wins over it in memory as well', async () => {
    const { one, two } = await openTwo();
    await one.cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]);
    await two.hears('x 2');
    await fill(two.cache, 'x', 1n, doc('old'));
    expect(two.cache.peek('x')).toBeUndefined();
    expect(await inRedis(two, 'x')).toBe('gone 2');
  });
});
