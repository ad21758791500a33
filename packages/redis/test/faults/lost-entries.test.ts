import { byWayOf, startTcpProxy, type TcpProxy, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handLoader, useHandDriven } from '../hand-driven.ts';
import { answered, bounded, doc, type Instance, inRedis, openInstance, redisKey, strict } from '../instance.ts';

const { redis, open } = useHandDriven();

let proxy: TcpProxy;
let slow: Instance & { readonly loader: ReturnType<typeof handLoader> };

beforeEach(async () => {
  proxy = await startTcpProxy({ target: redis.server });
  const loader = handLoader();
  slow = { ...(await openInstance({ url: byWayOf(proxy, redis.server.url), load: loader.load })), loader };
});
afterEach(async () => {
  proxy.resume();
  await slow.close();
  await proxy.stop();
});

type Lose = (one: Instance) => Promise<unknown>;
const LOSSES: readonly (readonly [string, Lose])[] = [
  ['DEL', (one) => one.redis.client.del(redisKey('x'))],
  ['FLUSHALL', () => redis.server.flush()],
  [
    'eviction',
    async ({ redis: { client } }) => {
      await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await client.config('SET', 'maxmemory', '1');
      // A server that is too full makes room before it does what it is asked for.
      await waitFor(async () => {
        await client.get('any').catch(() => undefined);
        return (await client.dbsize()) === 0;
      });
      await client.config('SET', 'maxmemory', '0');
    },
  ],
];

describe('a tombstone that is lost although no connection is', () => {
  it.each(LOSSES)('(%s) is not followed by an old value that was on its way', async (_, lose) => {
    const one = await open();
    const lookup = slow.cache.get('x', bounded());
    const load = await slow.loader.nth(0);
    // What is sent from here on is on its way until the end.
    proxy.stall();
    load.answer({ version: 1n, value: doc('old') });
    await lookup;
    await one.cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]);
    expect(await inRedis(one, 'x')).toBe('gone 2');
    await lose(one);
    proxy.resume();
    await answered(slow);
    expect(await inRedis(one, 'x')).toBeUndefined();
    const asked = one.cache.get('x', strict());
    (await one.loader.nth(0)).answer({ version: 2n, gone: 'revoked' });
    expect(await asked).toEqual({ state: 'gone', note: 'revoked' });
  });

  it.each(LOSSES)('(%s) is not followed by a new value whose record has ended since', async (_, lose) => {
    const one = await open();
    const place = await slow.cache.reserve('x');
    proxy.stall();
    const filled = slow.cache.fill(place, 1n, doc('new'));
    await one.cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]);
    await lose(one);
    proxy.resume();
    await filled;
    expect(await inRedis(one, 'x')).toBeUndefined();
    expect(slow.cache.peek('x')).toBeUndefined();
  });

  it.each(LOSSES)('(%s) is not followed by an old value whose reader comes between', async (_, lose) => {
    const one = await open();
    const lookup = slow.cache.get('x', bounded());
    const load = await slow.loader.nth(0);
    proxy.stall();
    load.answer({ version: 1n, value: doc('old') });
    await lookup;
    await one.cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]);
    await lose(one);
    // Another one reads in the place that is free again, and has not answered yet.
    const asked = one.cache.get('x', strict());
    const late = await one.loader.nth(0);
    expect(await inRedis(one, 'x')).toBe('reserved');
    proxy.resume();
    await answered(slow);
    expect(await inRedis(one, 'x')).toBe('reserved');
    late.answer({ version: 2n, gone: 'revoked' });
    expect(await asked).toEqual({ state: 'gone', note: 'revoked' });
    await waitFor(async () => (await inRedis(one, 'x')) === 'gone 2');
  });
});

describe('a Redis whose sequence goes back or begins anew', () => {
  it.each([
    ['went back', (one: Instance) => one.redis.client.set('test:invalidations:sequence', '5')],
    ['is gone', (one: Instance) => one.redis.client.del('test:invalidations:sequence')],
    ['is gone with everything else', () => redis.server.flush()],
  ])('is known to have lost something: it %s', async (_, lose) => {
    const one = await open();
    let losses = 0;
    one.bus.onLoss(() => {
      losses += 1;
    });
    await one.cache.invalidate([{ id: 'first', version: 1n }]);
    await one.hears('first 1');
    expect(losses).toBe(0);
    await lose(one);
    await waitFor(() => losses === 1);
    await waitFor(() => one.bus.current);
  });

  it('is known by its first message as well', async () => {
    const [one, two] = [await open(), await open()];
    let losses = 0;
    two.bus.onLoss(() => {
      losses += 1;
    });
    await one.cache.invalidate([{ id: 'first', version: 1n }]);
    await two.hears('first 1');
    // What the first message after the loss does: it begins at the clock of the server. In one step, before any heartbeat.
    const number = '5000000000000000';
    await one.redis.client
      .multi()
      .set('test:invalidations:sequence', number)
      .publish('test:invalidations', `${number}\n["doc","second","1"]`)
      .exec();
    await two.hears('second 1');
    await waitFor(() => losses === 1);
  });
});
