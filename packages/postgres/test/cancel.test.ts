import { Failure } from '@gatehouse/failure';
import { startStopwatch, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, statement } from '../src/index.ts';
import { openScratch, rowsOf, type ScratchDatabase, scratchDatabase } from './scratch-database.ts';

const sleep = statement('test.sleep', 'select 1 from pg_sleep(30)');
const pid = statement<{ pid: number }>('test.pid', 'select pg_backend_pid() as pid');

/** Longer than any pause of the machine. */
const PATIENT = { acquireTimeoutMs: 15_000, statementTimeoutMs: 60_000 };

let scratch: ScratchDatabase;
let db: Database;

beforeAll(async () => {
  scratch = await scratchDatabase();
  db = openScratch(scratch.url, { applicationName: 'cancelled', maxConnections: 2, ...PATIENT });
});

afterAll(async () => {
  await db.close();
  await scratch.drop();
});

/** How many statements of the database under test run in Postgres. */
async function running(): Promise<number> {
  const rows = await rowsOf(
    scratch.url,
    `select from pg_stat_activity where application_name = 'cancelled' and state = 'active'`,
  );
  return rows.length;
}

describe('an aborted call', () => {
  it('rejects at once with what it was aborted with, and Postgres stops the statement', async () => {
    const giveUp = new AbortController();
    const reason = new Failure('deadline', 'DEADLINE_EXCEEDED', 'The deadline passed.');
    const refused = expect(db.within({ signal: giveUp.signal }).query(sleep)).rejects.toBe(reason);
    await waitFor(async () => (await running()) === 1);
    const watch = startStopwatch();
    giveUp.abort(reason);
    await refused;
    expect(watch.stop()).toBeLessThan(500);
    await waitFor(async () => (await running()) === 0);
  });

  it.each([
    ['cancelled', () => AbortSignal.abort()],
    ['deadline', () => AbortSignal.timeout(20)],
  ])('is %s by a plain signal of that sort', async (kind, signal) => {
    await expect(db.within({ signal: signal() }).query(sleep)).rejects.toMatchObject({ kind });
  });

  it('gives its connection back, the same one and clean', async () => {
    const one = openScratch(scratch.url, { maxConnections: 1 });
    const before = await one.query(pid);
    for (let times = 0; times < 10; times += 1) {
      await expect(one.within({ signal: AbortSignal.timeout(10) }).query(sleep)).rejects.toMatchObject({
        kind: 'deadline',
      });
      expect(await one.query(pid)).toEqual(before);
    }
    await one.close();
  });

  it('rolls its transaction back before the connection is lent again', async () => {
    const one = openScratch(scratch.url, { maxConnections: 1 });
    await one.query(statement('test.create', 'create table touched (id integer)'));
    const call = one.within({ signal: AbortSignal.timeout(50) }).transaction(async (tx) => {
      await tx.query(statement('test.touch', 'insert into touched values (1)'));
      await tx.query(sleep);
    });
    await expect(call).rejects.toMatchObject({ kind: 'deadline' });
    const found = await one.query(statement('test.touched', 'select id from touched'));
    await one.close();
    expect(found).toEqual([]);
  });

  it('that waits for a connection leaves the queue', async () => {
    const one = openScratch(scratch.url, { maxConnections: 1, ...PATIENT });
    const giveUp = new AbortController();
    const holder = one.within({ signal: giveUp.signal }).query(sleep);
    const cancelled = expect(holder).rejects.toMatchObject({ kind: 'cancelled' });
    const watch = startStopwatch();
    await expect(one.within({ signal: AbortSignal.timeout(20) }).query(pid)).rejects.toMatchObject({
      kind: 'deadline',
    });
    expect(watch.stop()).toBeLessThan(500);
    giveUp.abort();
    await cancelled;
    await expect(one.ping()).resolves.toBeUndefined();
    await one.close();
  });

  it('never cancels the statement of the next one', async () => {
    const quick = statement<{ n: number }>('test.quick', 'select n from generate_series(1, 2000) n');
    const ends = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const signal = AbortSignal.timeout(index % 20);
        const aborted = await db
          .within({ signal })
          .query(quick)
          .then(
            () => 'answered',
            (error: Failure) => error.kind,
          );
        const { length } = await db.query(quick);
        return { aborted, length };
      }),
    );
    expect(new Set(ends.map(({ length }) => length))).toEqual(new Set([2000]));
    expect(ends.every(({ aborted }) => aborted === 'answered' || aborted === 'deadline')).toBe(true);
  });

  it('200 in a row leave the pool working', async () => {
    for (let times = 0; times < 200; times += 1) {
      const giveUp = new AbortController();
      const call = db.within({ signal: giveUp.signal }).query(sleep);
      setTimeout(() => giveUp.abort(), times % 5);
      await expect(call).rejects.toMatchObject({ kind: 'cancelled' });
    }
    await Promise.all([db.query(pid), db.query(pid), db.query(pid)]);
    await waitFor(async () => (await running()) === 0);
  });
});
