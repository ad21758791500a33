import { Failure } from '@gatehouse/failure';
import type { Loaded } from '@gatehouse/redis';
import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { deafBus } from './hand-driven.ts';
import { bounded, type Doc, doc, fill, full, inRedis, redisKey, strict, textOf, useRedis } from './instance.ts';

const { open } = useRedis();

describe('a lookup', () => {
  it('goes down the layers and fills them on its way back', async () => {
    const loads: string[] = [];
    const load = async (id: string) => {
      loads.push(id);
      return { version: 3n, value: doc('hello') };
    };
    const one = await open({ load });
    expect(one.cache.peek('x')).toBeUndefined();
    expect(await one.cache.get('x', bounded())).toEqual({
      state: 'found',
      value: doc('hello'),
      version: 3n,
      layer: 'l3',
    });
    expect(one.cache.peek('x')).toEqual(doc('hello'));
    expect(await one.cache.get('x', bounded())).toMatchObject({ layer: 'l1' });
    await waitFor(async () => (await inRedis(one, 'x')) === 'value 3');

    const two = await open({ load });
    expect(await two.cache.get('x', strict())).toMatchObject({ layer: 'l2', version: 3n, value: doc('hello') });
    expect(two.cache.peek('x')).toEqual(doc('hello'));
    expect(loads).toEqual(['x']);
  });

  it('asks the layers that its freshness allows', async () => {
    const { cache } = await open({ load: async () => ({ version: 1n, value: doc('truth') }) });
    await fill(cache, 'x', 1n, doc('filled'));
    expect(await cache.get('x', bounded())).toMatchObject({ layer: 'l1', value: { text: 'filled' } });
    expect(await cache.get('x', strict())).toMatchObject({ layer: 'l2', value: { text: 'filled' } });
    expect(await cache.get('x', full())).toMatchObject({ layer: 'l3', value: { text: 'truth' } });
  });

  it('tells its caller before it asks the truth, and asks nothing when the caller will not have it', async () => {
    let loads = 0;
    const { cache } = await open({
      load: async () => {
        loads += 1;
        return undefined;
      },
    });
    await fill(cache, 'x', 1n, doc('filled'));
    const beforeTruth = () => {
      throw new Failure('limited', 'TOO_MANY', 'Not now.');
    };
    await expect(cache.get('x', { ...bounded(), beforeTruth })).resolves.toMatchObject({ layer: 'l1' });
    await expect(cache.get('x', { ...strict(), beforeTruth })).resolves.toMatchObject({ layer: 'l2' });
    await expect(cache.get('y', { ...strict(), beforeTruth })).rejects.toMatchObject({ reason: 'TOO_MANY' });
    expect(loads).toBe(0);
    let told = 0;
    const count = () => {
      told += 1;
    };
    await cache.get('y', { ...strict(), beforeTruth: count });
    expect([told, loads]).toEqual([1, 1]);
  });

  it('with full freshness fills the caches again', async () => {
    const instance = await open({ load: async () => ({ version: 2n, value: doc('new') }) });
    await fill(instance.cache, 'x', 1n, doc('old'));
    expect(textOf(await instance.cache.get('x', full()))).toBe('new');
    await waitFor(async () => (await inRedis(instance, 'x')) === 'value 2');
    expect(instance.cache.peek('x')?.text).toBe('new');
  });

  it('never answers from a cache what is older than it demands', async () => {
    const { cache } = await open({ load: async () => ({ version: 2n, value: doc('new') }) });
    await fill(cache, 'x', 1n, doc('old'));
    expect(cache.peek('x', 2n)).toBeUndefined();
    expect(cache.peek('x', 1n)?.text).toBe('old');
    expect(await cache.get('x', { ...bounded(), minVersion: 2n })).toMatchObject({ layer: 'l3', version: 2n });
    expect(await cache.get('x', { ...bounded(), minVersion: 2n })).toMatchObject({ layer: 'l1' });
  });

  it('believes no value below the lowest version, whoever has it, and still what is gone', async () => {
    const state = { lowest: 0n, version: 5n };
    const instance = await open({
      load: async () => ({ version: state.version, value: doc('truth') }),
      cache: { lowestVersion: () => state.lowest },
    });
    const { cache } = instance;
    await fill(cache, 'x', 7n, doc('undone'));
    await cache.invalidate([{ id: 'y', version: 7n, gone: 'ended' }]);
    state.lowest = 10n;
    cache.forget();
    expect(cache.peek('x')).toBeUndefined();
    expect(textOf(await cache.get('x', strict()))).toBe('truth');
    // It was read from a truth that is over, which may have said so for the last time.
    expect(cache.peek('x')).toBeUndefined();
    expect(await inRedis(instance, 'x')).toBe('value 7');
    expect(await cache.get('y', strict())).toEqual({ state: 'gone', note: 'ended' });
    state.version = 10n;
    expect(textOf(await cache.get('x', strict()))).toBe('truth');
    expect(cache.peek('x')?.text).toBe('truth');
    await waitFor(async () => (await inRedis(instance, 'x')) === 'value 10');
  });

  it('keeps nothing of what was being read when everything is forgotten', async () => {
    let answer: (() => void) | undefined;
    const { cache } = await open({
      load: () =>
        new Promise((resolve) => {
          answer = () => resolve({ version: 1n, value: doc('undone') });
        }),
    });
    const lookup = cache.get('x', full());
    await waitFor(() => answer);
    cache.forget();
    answer?.();
    expect(textOf(await lookup)).toBe('undone');
    expect(cache.peek('x')).toBeUndefined();
  });

  it('does not keep that something is absent', async () => {
    let exists = false;
    const instance = await open({ load: async () => (exists ? { version: 1n, value: doc('here') } : undefined) });
    expect(await instance.cache.get('x', bounded())).toEqual({ state: 'absent' });
    expect(await inRedis(instance, 'x')).toBe('reserved');
    exists = true;
    expect(textOf(await instance.cache.get('x', bounded()))).toBe('here');
  });

  it('keeps that something is gone, in Redis, and asks no further', async () => {
    let loads = 0;
    const instance = await open({
      load: async () => {
        loads += 1;
        return { version: 4n, gone: 'revoked' };
      },
    });
    expect(await instance.cache.get('x', bounded())).toEqual({ state: 'gone', note: 'revoked' });
    await waitFor(async () => (await inRedis(instance, 'x')) === 'gone 4');
    for (const options of [bounded(), strict()]) {
      expect(await instance.cache.get('x', options)).toEqual({ state: 'gone', note: 'revoked' });
    }
    expect(loads).toBe(1);
  });

  it('rejects with the error of the truth, and does not keep it', async () => {
    let fails = true;
    const down = new Failure('unavailable', 'POSTGRES_UNAVAILABLE', 'down');
    const { cache } = await open({
      load: async () => {
        if (fails) throw down;
        return { version: 1n, value: doc('here') };
      },
    });
    for (const options of [bounded(), strict(), full()]) await expect(cache.get('x', options)).rejects.toBe(down);
    fails = false;
    expect(textOf(await cache.get('x', bounded()))).toBe('here');
  });

  it('passes over an entry in Redis that it can not read', async () => {
    const instance = await open({ load: async () => ({ version: 1n, value: doc('truth') }) });
    await instance.redis.client.set(redisKey('x'), 'nonsense');
    expect(textOf(await instance.cache.get('x', strict()))).toBe('truth');
    await instance.redis.client.del(redisKey('y'));
    await instance.redis.client.lpush(redisKey('y'), 'a list');
    expect(textOf(await instance.cache.get('y', strict()))).toBe('truth');
    const undecodable = await open({
      load: async () => ({ version: 1n, value: doc('truth') }),
      cache: {
        decode: () => {
          throw new Error('another encoding');
        },
      },
    });
    await fill(instance.cache, 'z', 1n, doc('filled'));
    expect(textOf(await undecodable.cache.get('z', strict()))).toBe('truth');
  });

  it('does not decode again what memory holds of the version that Redis names', async () => {
    const { cache } = await open();
    await fill(cache, 'x', 1n, doc('a'));
    expect(await cache.get('x', strict())).toMatchObject({ layer: 'l2' });
    const [first, second] = [await cache.get('x', strict()), await cache.get('x', strict())];
    expect(first.state === 'found' && second.state === 'found' && first.value === second.value).toBe(true);
  });

  it('answers again after its entry in Redis was evicted', async () => {
    const instance = await open({ load: async () => ({ version: 1n, value: doc('truth') }) });
    await instance.cache.get('x', bounded());
    await waitFor(() => inRedis(instance, 'x'));
    await instance.redis.client.del(redisKey('x'));
    expect(await instance.cache.get('x', strict())).toMatchObject({ layer: 'l3' });
    await waitFor(async () => (await inRedis(instance, 'x')) === 'value 1');
  });
});

describe('a lookup that learns more than the bus has told', () => {
  /** Holds version 1 in memory, hears nothing, and asks a truth that says what the test says. */
  async function deaf() {
    const state: { truth: Loaded<Doc> } = { truth: { version: 1n, value: doc('old') } };
    const one = await open({ load: async () => state.truth, cache: { bus: deafBus } });
    await one.cache.get('x', bounded());
    await waitFor(async () => (await inRedis(one, 'x')) === 'value 1');
    expect(one.cache.peek('x')?.text).toBe('old');
    return { ...one, state };
  }
  const GONE = { state: 'gone', note: 'revoked' };

  it('from Redis, that the record is gone, forgets what memory holds', async () => {
    const [one, other] = [await deaf(), await open()];
    await other.cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]);
    expect(await one.cache.get('x', strict())).toEqual(GONE);
    expect(one.cache.peek('x')).toBeUndefined();
    expect(await one.cache.get('x', bounded())).toEqual(GONE);
  });

  it('from Redis, of a newer version, answers with nothing older again', async () => {
    const [one, other] = [await deaf(), await open()];
    await fill(other.cache, 'y', 1n, doc('y'));
    await other.cache.invalidate([{ id: 'x', version: 2n }]);
    // Without the truth only the marker is known.
    one.state.truth = undefined;
    expect(await one.cache.get('x', strict())).toEqual({ state: 'absent' });
    expect(one.cache.peek('x')).toBeUndefined();
    one.state.truth = { version: 2n, value: doc('new') };
    expect(textOf(await one.cache.get('x', strict()))).toBe('new');
    expect(textOf(await one.cache.get('x', bounded()))).toBe('new');
  });

  it.each<[string, Loaded<Doc>, string]>([
    ['that the record is gone', { version: 2n, gone: 'revoked' }, 'gone'],
    ['that there is no such record', undefined, 'absent'],
    ['of a newer version', { version: 2n, value: doc('new') }, 'new'],
    ['of a newer version that has expired', { version: 2n, value: doc('ended', -1) }, 'ended'],
  ])('from the truth, %s, answers with nothing older again', async (_, truth, answer) => {
    const one = await deaf();
    one.state.truth = truth;
    expect(textOf(await one.cache.get('x', full()))).toBe(answer);
    expect(one.cache.peek('x')?.text).not.toBe('old');
    await one.redis.client.del(redisKey('x'));
    expect(textOf(await one.cache.get('x', bounded()))).toBe(answer);
  });

  it('asks the truth when memory has seen a newer version than Redis holds', async () => {
    const one = await deaf();
    const before = (await one.redis.client.getBuffer(redisKey('x'))) ?? expect.unreachable();
    one.state.truth = { version: 2n, value: doc('new') };
    await one.cache.get('x', full());
    await waitFor(async () => (await inRedis(one, 'x')) === 'value 2');
    await one.redis.client.set(redisKey('x'), before);
    expect(await one.cache.get('x', strict())).toMatchObject({ layer: 'l3', version: 2n });
    await waitFor(async () => (await inRedis(one, 'x')) === 'value 2');
  });
});

describe('trust in Redis', () => {
  it('can be withdrawn: then the truth answers, and Redis is still written to', async () => {
    const instance = await open({ load: async () => ({ version: 2n, value: doc('truth') }) });
    const { cache } = instance;
    await fill(cache, 'x', 1n, doc('doubtful'));
    expect(cache.l2Trusted).toBe(true);
    cache.distrustL2();
    expect(cache.l2Trusted).toBe(false);
    expect(cache.peek('x')).toBeUndefined();
    expect(await cache.get('x', strict())).toMatchObject({ layer: 'l3', value: { text: 'truth' } });
    await waitFor(async () => (await inRedis(instance, 'x')) === 'value 2');
    // What the truth said while Redis was not trusted can be kept in memory.
    expect(cache.peek('x')?.text).toBe('truth');
    cache.trustL2();
    expect(await cache.get('x', strict())).toMatchObject({ layer: 'l2', version: 2n });
  });

  it('is asked for again when an answer of Redis arrives', async () => {
    const { cache } = await open({ load: async () => ({ version: 2n, value: doc('truth') }) });
    await fill(cache, 'x', 1n, doc('doubtful'));
    const lookup = cache.get('x', strict());
    cache.distrustL2();
    cache.trustL2();
    expect(await lookup).toMatchObject({ layer: 'l3' });
  });
});
