import { waitFor } from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bounded, doc, fill, openInstance, strict } from '../instance.ts';
import { redisBinary, startSentinel, type Topology } from '../topologies.ts';

describeWith('redis', 'with Sentinel', () => {
  let topology: Topology;
  beforeAll(async () => {
    topology = await startSentinel(redisBinary ?? '');
  });
  afterAll(() => topology[Symbol.asyncDispose]());

  it('a failover is an outage, after which store, bus and cache work with the new master', async () => {
    const instance = await openInstance({
      url: topology.url,
      load: async () => ({ version: 1n, value: doc('truth') }),
    });
    const { redis, bus, cache } = instance;
    const events: string[] = [];
    redis.onOutage(() => events.push('outage'));
    redis.onRecovery(() => events.push('recovery'));
    await fill(cache, 'x', 1n, doc('filled'));
    expect(cache.peek('x')).toBeDefined();

    await topology.nodes[0]?.kill();
    await waitFor(() => !bus.current, { everyMs: 1 });
    expect(cache.peek('x')).toBeUndefined();
    expect(await cache.get('y', bounded())).toMatchObject({ layer: 'l3' });

    await waitFor(() => redis.usable && bus.current);
    expect(events).toEqual(['outage', 'recovery']);
    expect(String(await redis.client.info('replication'))).toContain('role:master');
    await cache.invalidate([{ id: 'x', version: 2n, gone: 'revoked' }]);
    expect(await cache.get('x', strict())).toEqual({ state: 'gone', note: 'revoked' });
    await instance.close();
  });
});
