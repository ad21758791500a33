import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from './connection.ts';
import { unavailable } from './errors.ts';
import { createPool } from './pool.ts';

interface FakeConnection extends Connection {
  usable: boolean;
  recovery: Promise<void> | undefined;
  ended: boolean;
  destroyed: boolean;
  break(): void;
}

function fakeConnection(): FakeConnection {
  let onBroken = () => {};
  const connection: FakeConnection = {
    usable: true,
    inTransaction: false,
    recovery: undefined,
    ended: false,
    destroyed: false,
    send: () => Promise.reject(new Error('nothing is sent here')),
    sendAll: () => Promise.reject(new Error('nothing is sent here')),
    onBroken: (listener) => {
      onBroken = listener;
    },
    end: async () => {
      connection.usable = false;
      connection.ended = true;
    },
    destroy: () => {
      connection.destroyed = true;
      connection.break();
    },
    break: () => {
      connection.usable = false;
      onBroken();
    },
  };
  return connection;
}

let opened: FakeConnection[];
const open = async () => {
  const connection = fakeConnection();
  opened.push(connection);
  return connection;
};
const newPool = (o: Partial<Parameters<typeof createPool>[0]> = {}) =>
  createPool({ open, maxConnections: 2, acquireTimeoutMs: 1_000, ...o });

beforeEach(() => {
  vi.useFakeTimers();
  opened = [];
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the pool', () => {
  it('lends the connection that came back last', async () => {
    const pool = newPool();
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    pool.release(first);
    pool.release(second);
    expect(await pool.acquire()).toBe(second);
    expect(await pool.acquire()).toBe(first);
  });

  it('serves those who wait in the order in which they came', async () => {
    const pool = newPool({ maxConnections: 1 });
    const connection = await pool.acquire();
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      pool.release(await pool.acquire().finally(() => order.push(number)));
    });
    pool.release(connection);
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  it('ends a connection that nobody needed for half a minute', async () => {
    const pool = newPool();
    pool.release(await pool.acquire());
    await vi.advanceTimersByTimeAsync(29_000);
    expect(opened[0]?.ended).toBe(false);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(opened[0]?.ended).toBe(true);
    expect(pool.counts).toEqual({ idle: 0, busy: 0, waiting: 0 });
  });

  it('replaces a connection after half an hour, when it comes back', async () => {
    const pool = newPool({ maxConnections: 1 });
    const connection = await pool.acquire();
    await vi.advanceTimersByTimeAsync(31 * 60_000);
    pool.release(connection);
    expect(opened[0]?.ended).toBe(true);
    expect(await pool.acquire()).toBe(opened[1]);
  });

  it('renews idle connections at once and lent ones when they come back', async () => {
    const pool = newPool();
    const [idle, lent] = [await pool.acquire(), await pool.acquire()];
    pool.release(idle);
    pool.renew();
    expect(opened.map(({ ended }) => ended)).toEqual([true, false]);
    pool.release(lent);
    expect(opened.map(({ ended }) => ended)).toEqual([true, true]);
  });

  it('gives the place of a broken connection to another', async () => {
    const pool = newPool({ maxConnections: 1 });
    await pool.acquire();
    const waiting = pool.acquire();
    opened[0]?.break();
    expect(await waiting).toBe(opened[1]);
  });

  it('does not lend a connection before what was abandoned on it has left', async () => {
    const pool = newPool({ maxConnections: 1 });
    const connection = await pool.acquire();
    const left = Promise.withResolvers<void>();
    if (opened[0]) opened[0].recovery = left.promise;
    pool.release(connection);
    const waiting = pool.acquire();
    expect(pool.counts).toEqual({ idle: 0, busy: 1, waiting: 1 });
    left.resolve();
    expect(await waiting).toBe(connection);
  });

  it('refuses the thousand-and-first who would wait', async () => {
    const pool = newPool({ maxConnections: 1 });
    await pool.acquire();
    const waiting = Array.from({ length: 1_000 }, () => pool.acquire().catch(() => 'timed out'));
    await expect(pool.acquire()).rejects.toThrow('Too many calls wait');
    await vi.advanceTimersByTimeAsync(1_001);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['timed out']));
    expect(pool.counts.waiting).toBe(0);
  });

  it('fails all who wait when the last attempt to open a connection failed', async () => {
    const refused = unavailable('refused');
    const pool = newPool({ open: () => Promise.reject(refused) });
    const ends = await Promise.allSettled(Array.from({ length: 5 }, () => pool.acquire()));
    expect(ends.map((end) => end.status === 'rejected' && end.reason)).toEqual(Array(5).fill(refused));
  });

  it('lets those wait on when one attempt fails but another connection is lent', async () => {
    const pool = newPool({
      open: async () => (opened.length === 0 ? await open() : await Promise.reject(unavailable('full'))),
    });
    const connection = await pool.acquire();
    const waiting = pool.acquire();
    await vi.advanceTimersByTimeAsync(10);
    pool.release(connection);
    expect(await waiting).toBe(connection);
  });

  it('gives up on lent connections some seconds after it was closed', async () => {
    const pool = newPool();
    await pool.acquire();
    const closed = pool.close();
    await vi.advanceTimersByTimeAsync(4_900);
    expect(opened[0]?.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(opened[0]?.destroyed).toBe(true);
    await closed;
  });
});
