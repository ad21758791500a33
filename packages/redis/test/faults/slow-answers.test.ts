import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { holdNextRead, useHandDriven } from '../hand-driven.ts';
import { bounded, doc, fill, strict, textOf } from '../instance.ts';

const { open, openTwo } = useHandDriven();

describe('a slow answer of Redis', () => {
  it('that an invalidation overtakes is neither returned nor kept', async () => {
    const { one, two } = await openTwo();
    await fill(one.cache, 'x', 1n, doc('old'));
    const held = holdNextRead(two);
    const lookup = two.cache.get('x', bounded());
    await held.executed;
    await one.cache.invalidate([{ id: 'x', version: 2n }]);
    await two.hears('x 2');
    held.release();
    (await two.loader.nth(0)).answer({ version: 2n, value: doc('new') });
    expect(textOf(await lookup)).toBe('new');
    expect(two.cache.peek('x')?.text).not.toBe('old');
  });

  it('that a reset overtakes is not kept', async () => {
    const one = await open();
    await fill(one.cache, 'x', 1n, doc('old'));
    const held = holdNextRead(one);
    const lookup = one.cache.get('x', strict());
    await held.executed;
    await one.redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitFor(() => !one.bus.current, { everyMs: 1 });
    await waitFor(() => one.bus.current, { everyMs: 1 });
    held.release();
    expect(textOf(await lookup)).toBe('old');
    expect(one.cache.peek('x')).toBeUndefined();
  });

  it('that the own invalidation overtakes does not come back into memory', async () => {
    const one = await open();
    await fill(one.cache, 'x', 1n, doc('old'));
    const held = holdNextRead(one);
    const lookup = one.cache.get('x', strict());
    await held.executed;
    await one.cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]);
    held.release();
    (await one.loader.nth(0)).answer({ version: 2n, gone: 'revoked' });
    expect(await lookup).toEqual({ state: 'gone', note: 'revoked' });
    expect(one.cache.peek('x')).toBeUndefined();
  });
});
