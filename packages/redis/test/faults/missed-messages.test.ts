import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { BOUND_MS, CHANNEL, useMembers, whenNotCurrent } from '../members.ts';

/** How late this process may notice something, the pauses of the machine apart. */
const SLACK_MS = 150;

const bus = useMembers();

describe('a bus that may have missed a message', () => {
  it('is not current within the bound after Redis is killed, and resets when it is back', async () => {
    const member = await bus.join();
    await bus.server.kill();
    expect(await whenNotCurrent(member)).toBeLessThan(BOUND_MS + SLACK_MS);
    expect(member.told).toEqual([]);
    await bus.server.restart();
    await waitFor(() => member.bus.current);
    expect(member.told).toEqual(['reset']);
  });

  it('is not current within the bound after Redis hangs', async () => {
    const member = await bus.join();
    await bus.server.pause();
    const tookMs = await whenNotCurrent(member);
    await bus.server.resume();
    expect(tookMs).toBeLessThan(BOUND_MS + SLACK_MS);
    await waitFor(() => member.bus.current);
    expect(member.told[0]).toBe('reset');
  });

  it('is not current as soon as only its subscription is cut, and resets on its return', async () => {
    const member = await bus.join();
    await member.redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await whenNotCurrent(member);
    expect(member.told).toEqual([]);
    await waitFor(() => member.bus.current);
    expect(member.told).toEqual(['reset']);
  });

  it('finds a lost message by the gap that the next one shows', async () => {
    const member = await bus.join();
    await member.bus.publish('a', [{ id: 'x', version: 1n }]);
    await waitFor(() => member.told.includes('a x 1'), { everyMs: 1 });
    member.told.length = 0;
    // Both in one transaction, so that no heartbeat comes between the loss and the next message.
    const number = Number(await member.redis.client.get(`${CHANNEL}:sequence`)) + 2;
    await member.redis.client
      .multi()
      .incrby(`${CHANNEL}:sequence`, 2)
      .publish(CHANNEL, `${number}\n["a","x","3"]`)
      .exec();
    await waitFor(() => member.told.length > 0, { everyMs: 1 });
    await waitFor(() => member.told.includes('a x 3'), { everyMs: 1 });
    expect(member.told).toEqual(['reset', 'a x 3']);
    expect(member.bus.current).toBe(true);
  });

  it('finds a lost message by the heartbeat, within the bound, when no other follows', async () => {
    const member = await bus.join();
    await member.redis.client.incr(`${CHANNEL}:sequence`);
    expect(await whenNotCurrent(member)).toBeLessThan(BOUND_MS + SLACK_MS);
    await waitFor(() => member.bus.current);
    expect(member.told).toEqual(['reset']);
    expect(await member.metrics()).toMatch(/invalidation_bus_resets_total\{[^}]*cause="behind"[^}]*\} 1/);
  });

  it('resets when the sequence is lost', async () => {
    const member = await bus.join();
    await member.bus.publish('a', [{ id: 'x', version: 1n }]);
    await waitFor(() => member.told.includes('a x 1'));
    member.told.length = 0;
    await bus.server.flush();
    await waitFor(() => member.told.includes('reset'));
  });

  it('resets on a message that is none of its own', async () => {
    const member = await bus.join();
    await member.redis.client.publish(CHANNEL, 'nonsense');
    await waitFor(() => member.told.includes('reset'));
  });
});
