import { createRegistry } from '@gatehouse/process';
import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { bounded, clock, doc, fill, full, inRedis, redisKey, strict, useRedis } from './instance.ts';

const { open } = useRedis();

describe('memory', () => {
  it('answers nothing that has expired, and Redis keeps it no longer either', async () => {
    const value = doc('short', 5000);
    const loads: string[] = [];
    const instance = await open({
      load: async (id) => {
        loads.push(id);
        return { version: 1n, value };
      },
    });
    await instance.cache.get('x', bounded());
    await waitFor(() => inRedis(instance, 'x'));
    expect(await instance.redis.client.pttl(redisKey('x'))).toBeLessThanOrEqual(5000);
    clock.advance(4999);
    expect(instance.cache.peek('x')).toBeDefined();
    clock.advance(1);
    expect(instance.cache.peek('x')).toBeUndefined();
    // Redis, whose clock is the real one, still has it.
    expect(await inRedis(instance, 'x')).toBe('value 1');
    expect(await instance.cache.get('x', strict())).toMatchObject({ layer: 'l3' });
    expect(instance.cache.peek('x')).toBeUndefined();
    expect(loads).toEqual(['x', 'x']);
  });

  it('holds no more entries than it may', async () => {
    const registry = createRegistry('test');
    const { cache } = await open({
      load: async (id) => ({ version: 1n, value: doc(id) }),
      cache: { l1MaxEntries: 10, registry },
    });
    for (let index = 0; index < 100; index += 1) await cache.get(`id${index}`, bounded());
    const held = Array.from({ length: 100 }, (_, index) => cache.peek(`id${index}`)).filter(Boolean);
    expect(held).toHaveLength(10);
    expect(await registry.metrics()).toMatch(/cache_l1_entries\{[^}]*topic="doc"[^}]*\} 10/);
  });

  it('shows hits and misses of each layer by topic', async () => {
    const registry = createRegistry('test');
    const { cache } = await open({ load: async () => ({ version: 1n, value: doc('a') }), cache: { registry } });
    await cache.get('x', bounded());
    cache.peek('x');
    await cache.get('x', bounded());
    await fill(cache, 'y', 1n, doc('a'));
    await cache.get('y', strict());
    const metrics = await registry.metrics();
    const count = (name: string, layer: string) =>
      Number(new RegExp(`${name}\\{topic="doc",layer="${layer}"[^}]*\\} (\\d+)`).exec(metrics)?.[1]);
    expect(['l1', 'l2', 'l3'].map((layer) => count('cache_hits_total', layer))).toEqual([2, 1, 1]);
    expect(['l1', 'l2', 'l3'].map((layer) => count('cache_misses_total', layer))).toEqual([1, 1, 0]);
  });

  it('times what is asked of Redis and of the truth, failures too, and no hit in memory', async () => {
    const registry = createRegistry('test');
    let isDown = false;
    const load = async () => {
      if (isDown) throw new Error('down');
      return { version: 1n, value: doc('a') };
    };
    const { cache } = await open({ load, cache: { registry } });
    const counts = async () => {
      const metrics = await registry.metrics();
      return ['l1', 'l2', 'l3'].map((layer) =>
        Number(
          new RegExp(`cache_lookup_seconds_count\\{[^}]*topic="doc",layer="${layer}"[^}]*\\} (\\d+)`).exec(
            metrics,
          )?.[1] ?? 0,
        ),
      );
    };
    await cache.get('x', bounded());
    expect(await counts()).toEqual([0, 1, 1]);
    cache.peek('x');
    await cache.get('x', bounded());
    expect(await counts()).toEqual([0, 1, 1]);
    await cache.get('x', full());
    expect(await counts()).toEqual([0, 1, 2]);
    isDown = true;
    await expect(cache.get('y', bounded())).rejects.toThrow('down');
    expect(await counts()).toEqual([0, 2, 3]);
    cache.close();
    expect(await counts()).toEqual([0, 0, 0]);
  });
});
