import { setTimeout as sleep } from 'node:timers/promises';
import { createRegistry } from '@gatehouse/process';
import { startStopwatch, waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { statement } from '../src/index.ts';
import { openScratch } from './scratch-database.ts';
import { useScratch } from './use-scratch.ts';

const used = useScratch();

describe('the pool', () => {
  const hold = statement('test.hold', 'select 1 from pg_sleep(30)');

  it('is unavailable when no connection becomes free in time', async () => {
    const one = openScratch(used.url, { maxConnections: 1, acquireTimeoutMs: 500, statementTimeoutMs: 60_000 });
    await waitFor(() => one.ping().then(() => true));
    const giveUp = new AbortController();
    const holder = one.within({ signal: giveUp.signal }).query(hold);
    const cancelled = expect(holder).rejects.toMatchObject({ kind: 'cancelled' });
    const watch = startStopwatch();
    await expect(one.ping()).rejects.toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' });
    expect(watch.stop()).toBeLessThan(1_500);
    giveUp.abort();
    await cancelled;
    await expect(waitFor(() => one.ping().then(() => true))).resolves.toBe(true);
    await one.close();
  });

  it('lends a connection that became free while this process stood still, although the time to wait is over', async () => {
    const one = openScratch(used.url, { maxConnections: 1, acquireTimeoutMs: 500 });
    await waitFor(() => one.ping().then(() => true));
    const holder = one.query(statement('test.nap', 'select 1 from pg_sleep(0.2)'));
    const waiting = one.query(statement('test.one', 'select 1 as one'));
    await sleep(20);
    // After an immediate come timers, and the sockets after them.
    await new Promise(setImmediate);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
    await Promise.all([holder, expect(waiting).resolves.toEqual([{ one: 1 }])]);
    await one.close();
  });

  it('never opens more connections than it may, and serves everybody', async () => {
    const few = openScratch(used.url, { maxConnections: 3, applicationName: 'few' });
    const count = statement<{ count: bigint }>(
      'test.count-few',
      `select count(*) from pg_stat_activity where application_name = 'few'`,
    );
    const counts = await Promise.all(Array.from({ length: 60 }, () => few.query(count)));
    expect(Math.max(...counts.map(([row]) => Number(row?.count)))).toBeLessThanOrEqual(3);
    await few.close();
  });

  it('refuses work after it was closed, and closing twice is fine', async () => {
    const closed = openScratch(used.url);
    await closed.ping();
    await Promise.all([closed.close(), closed.close()]);
    await expect(closed.ping()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('lets what runs finish when it is closed', async () => {
    const closing = openScratch(used.url);
    await closing.ping();
    const running = closing.query(statement<{ done: boolean }>('test.nap', 'select true as done from pg_sleep(0.2)'));
    await closing.close();
    await expect(running).resolves.toEqual([{ done: true }]);
  });

  it('is unavailable when it may not log in, and the error does not show the password', async () => {
    const url = new URL(used.url);
    url.password = 'wrong-password';
    const wrong = openScratch(url.href);
    const error = await wrong.ping().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ reason: 'POSTGRES_UNAVAILABLE', cause: expect.objectContaining({ code: '28P01' }) });
    expect(JSON.stringify(error)).not.toContain('wrong-password');
    await wrong.close();
  });

  it('counts what it does', async () => {
    const registry = createRegistry('test');
    const counted = openScratch(used.url, { registry });
    await counted.ping();
    const metrics = await registry.metrics();
    await counted.close();
    expect(metrics).toMatch(/gatehouse_postgres_statement_seconds_count\{.*statement="postgres.ping".*\} 1/);
    expect(metrics).toMatch(/gatehouse_postgres_connections\{.*state="idle".*\} 1/);
  });
});
