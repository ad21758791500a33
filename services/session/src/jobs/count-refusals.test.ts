import type { AuditEvent } from '@gatehouse/mesh';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { COUNTED_FOR_MS, startCountingRefusals } from './count-refusals.ts';

beforeEach(() => {
  // A time that is past: ids never go back behind one that they have seen.
  vi.useFakeTimers({ now: new Date('2020-01-01T12:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

function rig(observes = true) {
  const told: AuditEvent[] = [];
  const trail = { observes: () => observes, observe: (_source: unknown, event: AuditEvent) => void told.push(event) };
  const refusals = startCountingRefusals(
    trail as unknown as Parameters<typeof startCountingRefusals>[0],
    () => new Date(),
  );
  return { told, ...refusals };
}

describe('refusals of nobody', () => {
  it('are told once a minute, for each door by itself, and not at all while there are none', () => {
    const { told, count } = rig();
    vi.advanceTimersByTime(10 * COUNTED_FOR_MS);
    for (let i = 0; i < 100_000; i++) count('edge', 'SESSION_TOKEN_MISSING', '203.0.113.7');
    count('service', 'SESSION_TOKEN_INVALID', '10.1.2.3');
    vi.advanceTimersByTime(COUNTED_FOR_MS - 1);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([
      {
        type: 'anonymous_requests.refused',
        status: 'denied',
        attributes: {
          door: 'edge',
          since: '2020-01-01T12:10:00.000Z',
          until: '2020-01-01T12:11:00.000Z',
          count: '100000',
          reasons: 'SESSION_TOKEN_MISSING 100000',
          address_01: '203.0.113.7 100000',
        },
      },
      expect.objectContaining({ attributes: expect.objectContaining({ door: 'service', count: '1' }) }),
    ]);
    vi.advanceTimersByTime(10 * COUNTED_FOR_MS);
    expect(told).toHaveLength(2);
    count('edge', 'SESSION_TOKEN_MISSING', '203.0.113.8');
    vi.advanceTimersByTime(COUNTED_FOR_MS);
    expect(told[2]?.attributes).toMatchObject({ count: '1', address_01: '203.0.113.8 1' });
  });

  it('fit into one event, whoever asks and for whatever reason', () => {
    const { told, count, stop } = rig();
    for (let i = 0; i < 5_000; i++) {
      count('edge', `REASON_${i % 12}_OF_A_GOOD_LENGTH`, `2001:db8:aaaa:${i.toString(16)}:bbbb:cccc:dddd:eeee`);
    }
    stop();
    const attributes = told[0]?.attributes ?? {};
    expect(Object.keys(attributes)).toHaveLength(25);
    for (const value of Object.values(attributes)) expect(value.length).toBeLessThan(512);
  });

  it('are told when it stops, and then no more', () => {
    const { told, count, stop } = rig();
    count('edge', 'SESSION_TOKEN_MISSING', '203.0.113.7');
    stop();
    expect(told).toHaveLength(1);
    vi.advanceTimersByTime(2 * COUNTED_FOR_MS);
    stop();
    expect(told).toHaveLength(1);
  });

  it('are not counted where the trail takes no decisions', () => {
    const { told, count, stop } = rig(false);
    count('edge', 'SESSION_TOKEN_MISSING', '203.0.113.7');
    expect(vi.getTimerCount()).toBe(0);
    stop();
    expect(told).toEqual([]);
  });
});
