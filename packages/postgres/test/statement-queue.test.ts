import { waitFor } from '@gatehouse/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { statement, type Transaction } from '../src/index.ts';
import { rowsOf } from './scratch-database.ts';
import { useScratch } from './use-scratch.ts';

const insert = statement('test.insert', 'insert into item (id) values ($1::integer)');
const list = statement<{ id: number }>('test.list', 'select id from item order by id');
const pid = statement<{ pid: number }>('test.pid', 'select pg_backend_pid() as pid');
const sleep = statement('test.sleep', 'select from pg_sleep(30)');

// One connection, so that what a transaction leaves behind is what the next one finds.
const used = useScratch({ maxConnections: 1, setUp: ['create table item (id integer primary key)'] });

beforeEach(async () => {
  await used.db.query(statement('test.clear', 'delete from item'));
});

async function backend(): Promise<number | undefined> {
  return (await used.db.query(pid))[0]?.pid;
}

describe('statements that are given at once', () => {
  it('are answered each with its rows', async () => {
    const values = statement<{ text: string; big: bigint; none: null; at: Date }>(
      'test.values',
      `select $1::text as text, 9007199254740993 as big, null as none, 'epoch'::timestamptz as at`,
    );
    const none = statement('test.none', '');
    const answers = await used.db.transaction((tx) =>
      Promise.all([tx.query(insert, [1]), tx.query(list), tx.query(none), tx.query(values, ['ä']), tx.query(list)]),
    );
    const row = { text: 'ä', big: 9007199254740993n, none: null, at: new Date(0) };
    expect(answers).toEqual([[], [{ id: 1 }], [], [row], [{ id: 1 }]]);
  });

  it('are sent together: behind one that fails none is run, and each is told why', async () => {
    const outcomes = await used.db
      .transaction(async (tx) => {
        const all = [1, 1, 2].map((id) => tx.query(insert, [id]));
        throw new Error('over', { cause: await Promise.allSettled(all) });
      })
      .catch(({ cause }: Error) => cause as PromiseSettledResult<unknown>[]);
    const violation = { code: '23505', statement: 'test.insert' };
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: violation },
      { status: 'rejected', reason: violation },
    ]);
    expect(await used.db.query(list)).toEqual([]);
  });

  it('are prepared when they are run, however often that is, and not when they were skipped', async () => {
    const before = await backend();
    const fail = statement('test.fail', 'select 1 / $1::integer');
    const other = statement<{ id: number }>('test.first-seen', 'select 7 as id');
    const both = (tx: Transaction) => Promise.all([tx.query(fail, [0]), tx.query(other)]);
    await expect(used.db.transaction(both)).rejects.toMatchObject({ code: '22012' });
    const twice = (tx: Transaction) => Promise.all([tx.query(other), tx.query(other)]);
    expect(await used.db.transaction(twice)).toEqual([[{ id: 7 }], [{ id: 7 }]]);
    // Nothing was prepared twice or missing, which would have cost the connection.
    expect(await backend()).toBe(before);
  });

  it('fail when one of them can not be sent, and leave the connection in order', async () => {
    const before = await backend();
    const ring: { ring?: unknown } = {};
    ring.ring = ring;
    const json = statement('test.json', 'select $1::jsonb');
    const both = (tx: Transaction) => Promise.all([tx.query(insert, [1]), tx.query(json, [ring]), tx.query(list)]);
    await expect(used.db.transaction(both)).rejects.toThrow('circular');
    const overlooked = async (tx: Transaction) => {
      await tx.query(insert, [1]);
      await tx.query(json, [ring]).catch(() => {});
    };
    await expect(used.db.transaction(overlooked)).rejects.toThrow('circular');
    const otherText = statement('test.list', 'select 1');
    const mixed = (tx: Transaction) => Promise.all([tx.query(insert, [1]), tx.query(otherText)]);
    await expect(used.db.transaction(mixed)).rejects.toThrow('prepared already');
    expect(await used.db.query(list)).toEqual([]);
    expect(await backend()).toBe(before);
  });

  it('are cancelled together', async () => {
    const before = await backend();
    const giveUp = new AbortController();
    const running = used.db
      .within({ signal: giveUp.signal })
      .transaction((tx) => Promise.all([tx.query(insert, [1]), tx.query(sleep), tx.query(insert, [2])]));
    const cancelled = expect(running).rejects.toMatchObject({ kind: 'cancelled' });
    const asleep = `select from pg_stat_activity where query like '%pg_sleep(30)' and state = 'active' and pid = ${before}`;
    await waitFor(async () => (await rowsOf(used.url, asleep)).length > 0);
    giveUp.abort();
    await cancelled;
    expect(await used.db.query(list)).toEqual([]);
    expect(await backend()).toBe(before);
  });
});

describe('a deferred statement', () => {
  it('is run before the next one, or before the commit', async () => {
    await used.db.transaction(async (tx) => {
      tx.defer(insert, [1]);
      expect(await tx.query(list)).toEqual([{ id: 1 }]);
      tx.defer(insert, [2]);
    });
    expect(await used.db.query(list)).toEqual([{ id: 1 }, { id: 2 }]);
    await used.db.transaction(async (tx) => tx.defer(insert, [3]));
    expect(await used.db.query(list)).toHaveLength(3);
  });

  it('that fails fails the transaction, and nothing is left of it', async () => {
    await used.db.query(insert, [1]);
    const violation = { code: '23505', statement: 'test.insert' };
    const twice = async (tx: Transaction) => {
      tx.defer(insert, [2]);
      tx.defer(insert, [1]);
    };
    await expect(used.db.transaction(twice)).rejects.toMatchObject(violation);
    const first = async (tx: Transaction) => {
      tx.defer(insert, [1]);
      await tx.query(list).catch(() => {});
    };
    await expect(used.db.transaction(first)).rejects.toMatchObject(violation);
    expect(await used.db.query(list)).toEqual([{ id: 1 }]);
  });

  it('that conflicts with others has the transaction run again', async () => {
    const raise = statement('test.raise', `do $$ begin raise exception using errcode = '40001'; end $$`);
    let attempts = 0;
    await used.db.transaction(async (tx) => {
      attempts += 1;
      tx.defer(attempts < 3 ? raise : insert, attempts < 3 ? [] : [1]);
    });
    expect(attempts).toBe(3);
    expect(await used.db.query(list)).toEqual([{ id: 1 }]);
  });

  it('is not run when the work throws', async () => {
    const reason = new Error('no');
    const work = async (tx: Transaction) => {
      await tx.query(list);
      tx.defer(insert, [1]);
      throw reason;
    };
    await expect(used.db.transaction(work)).rejects.toBe(reason);
    expect(await used.db.query(list)).toEqual([]);
  });

  it('is refused after the end of its transaction', async () => {
    let kept: Transaction | undefined;
    await used.db.transaction(async (tx) => {
      kept = tx;
    });
    expect(() => kept?.defer(insert, [1])).toThrow('after the end of its transaction');
  });
});
