import { silentLogger } from '@gatehouse/process';
import { openRedis, startBus } from '@gatehouse/redis';
import { freePort, waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { BOUND_MS, CHANNEL, HEARTBEAT_MS, useMembers } from '../members.ts';

const bus = useMembers();

describe('the invalidation bus', () => {
  it('tells every member, the publisher too, of each change of a topic in order', async () => {
    const one = await bus.join();
    const two = await bus.join();
    await one.bus.publish('a', [
      { id: 'x', version: 1n },
      { id: 'y', version: 2n ** 63n },
    ]);
    await two.bus.publish('b', [{ id: 'x', version: 3n }]);
    const all = ['a x 1', `a y ${2n ** 63n}`, 'b x 3'];
    await waitFor(() => one.told.includes('b x 3') && two.told.includes('b x 3'), { everyMs: 1 });
    // The first number of a sequence is a gap to those who knew of none.
    expect(one.told.filter((line) => line !== 'reset')).toEqual(all);
    expect(two.told.filter((line) => line !== 'reset')).toEqual(all);
  });

  it('splits a large publication into messages, and loses nothing of it', async () => {
    const member = await bus.join();
    const items = Array.from({ length: 1201 }, (_, index) => ({ id: `id${index}`, version: BigInt(index) }));
    await member.bus.publish('a', items);
    await waitFor(() => member.told.filter((line) => line.startsWith('a ')).length === items.length);
    expect(Number(await member.redis.client.get(`${CHANNEL}:sequence`)) % 1).toBe(0);
    await member.bus.publish('a', []);
  });

  it('stays current, without a reset, while messages come and while none come', async () => {
    const member = await bus.join();
    await member.bus.publish('a', [{ id: 'first', version: 1n }]);
    await waitFor(() => member.told.includes('a first 1'));
    member.told.length = 0;
    const untilMs = performance.now() + BOUND_MS * 1.5;
    for (let version = 2n; performance.now() < untilMs; version += 1n) {
      await member.bus.publish('a', [{ id: 'x', version }]);
      expect(member.bus.current).toBe(true);
    }
    await waitFor(async () => (await member.stalenessMs()) < HEARTBEAT_MS);
    expect(member.told).not.toContain('reset');
  });

  it('is not current before Redis has answered', async () => {
    const member = await bus.join({ url: `redis://127.0.0.1:${await freePort()}`, current: false });
    expect(member.bus.current).toBe(false);
    await expect(member.bus.publish('a', [{ id: 'x', version: 1n }])).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'REDIS_UNAVAILABLE',
    });
  });

  it('shows how stale it is and whether it is current', async () => {
    const member = await bus.join();
    expect(await member.stalenessMs()).toBeLessThan(BOUND_MS);
    expect(await member.metrics()).toMatch(/invalidation_bus_current\{[^}]*\} 1/);
    expect(await member.metrics()).toMatch(/invalidation_bus_resets_total\{[^}]*cause="reconnect"[^}]*\} 1/);
    await bus.server.pause();
    await waitFor(async () => /invalidation_bus_current\{[^}]*\} 0/.test(await member.metrics()));
    expect(await member.stalenessMs()).toBeGreaterThanOrEqual(BOUND_MS);
    await bus.server.resume();
  });

  it('says how long ago it was last proven that nothing was missed, and never that it was not', async () => {
    const member = await bus.join();
    expect(member.bus.stalenessMs).toBeGreaterThanOrEqual(0);
    expect(member.bus.stalenessMs).toBeLessThan(BOUND_MS);
    await bus.server.pause();
    const beforeMs = performance.now();
    const staleBefore = member.bus.stalenessMs;
    await waitFor(() => !member.bus.current, { everyMs: 5 });
    // It grows with the time that passes, and with nothing else, while nothing can be proven.
    expect(member.bus.stalenessMs).toBeGreaterThanOrEqual(BOUND_MS);
    if (member.bus.stalenessMs !== Number.POSITIVE_INFINITY) {
      expect(member.bus.stalenessMs).toBeLessThanOrEqual(staleBefore + (performance.now() - beforeMs) + 1);
    }
    await bus.server.resume();
    await waitFor(() => member.bus.stalenessMs < HEARTBEAT_MS * 2, { everyMs: 5 });
    await member.bus.stop();
    expect(member.bus.stalenessMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('is never current again once it was stopped', async () => {
    const member = await bus.join();
    await member.bus.stop();
    expect(member.bus.current).toBe(false);
    await member.redis.client.publish(CHANNEL, 'nonsense');
    expect(member.told).toEqual([]);
  });

  it('refuses a bound that its heartbeat can not keep', () => {
    const redis = openRedis({ url: bus.server.url, name: 'test', logger: silentLogger });
    const start = () => startBus({ redis, channel: CHANNEL, heartbeatMs: 250, boundMs: 500, logger: silentLogger });
    expect(start).toThrow(RangeError);
    return redis.close();
  });
});
