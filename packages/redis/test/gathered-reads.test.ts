import { describe, expect, it } from 'vitest';
import { gatherReads } from '../src/gathered-reads.ts';
import { type Instance, useRedis } from './instance.ts';

const { open } = useRedis();

/** How often Redis was asked with this command since the last CONFIG RESETSTAT. */
async function calls({ redis }: Instance, command: string): Promise<number> {
  const found = new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await redis.client.info('commandstats'));
  return Number(found?.[1] ?? 0);
}

const text = (value: Buffer | null) => value?.toString() ?? null;

describe('reads of one turn of the event loop', () => {
  it('are one command, and each gets what its own key holds', async () => {
    const instance = await open();
    const { client } = instance.redis;
    for (let key = 0; key < 100; key += 3) await client.set(`read:${key}`, `value ${key}`);
    await client.lpush('read:1', 'no string');
    await client.config('RESETSTAT');
    const read = gatherReads(instance.redis);
    const found = await Promise.all(Array.from({ length: 100 }, (_, key) => read(`read:${key}`)));
    expect(found.map(text)).toEqual(Array.from({ length: 100 }, (_, key) => (key % 3 === 0 ? `value ${key}` : null)));
    expect(await calls(instance, 'mget')).toBe(1);
    expect(await calls(instance, 'get')).toBe(0);
  });

  it('are several commands where they are many, and none is forgotten', async () => {
    const instance = await open();
    await instance.redis.client.set('read:same', 'value');
    await instance.redis.client.config('RESETSTAT');
    const read = gatherReads(instance.redis);
    const found = await Promise.all(Array.from({ length: 1_000 }, () => read('read:same')));
    expect(new Set(found.map(text))).toEqual(new Set(['value']));
    expect(await calls(instance, 'mget')).toBe(4);
    expect(text(await read('read:same'))).toBe('value');
  });

  it('fail each for itself when Redis can not be asked', async () => {
    const instance = await open();
    const read = gatherReads(instance.redis);
    instance.redis.client.disconnect();
    const outcomes = await Promise.allSettled(Array.from({ length: 3 }, (_, key) => read(`read:${key}`)));
    expect(outcomes).toMatchObject(Array(3).fill({ status: 'rejected', reason: { reason: 'REDIS_UNAVAILABLE' } }));
  });
});
