import { waitFor } from '@gatehouse/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { statement } from '../src/index.ts';
import { openScratch, rowsOf } from './scratch-database.ts';
import { useScratch } from './use-scratch.ts';

const insert = statement('test.insert', 'insert into item (id) values ($1::integer)');
const list = statement<{ id: number }>('test.list', 'select id from item order by id');

const used = useScratch({ setUp: ['create table item (id integer primary key)'] });

beforeEach(async () => {
  await used.db.query(statement('test.clear', 'delete from item'));
});

describe('an aborted transaction', () => {
  it('rejects at once although its work goes on, and rolls back', async () => {
    const giveUp = new AbortController();
    const inserted = Promise.withResolvers<void>();
    const never = new Promise<never>(() => {});
    const running = used.db.within({ signal: giveUp.signal }).transaction(async (tx) => {
      await tx.query(insert, [1]);
      inserted.resolve();
      await never;
    });
    await inserted.promise;
    giveUp.abort();
    await expect(running).rejects.toMatchObject({ kind: 'cancelled' });
    // The lock on the row is gone once the transaction is.
    await used.db.query(insert, [1]);
    expect(await used.db.query(list)).toEqual([{ id: 1 }]);
  });

  it('that was committing goes through, and what follows the commit follows', async () => {
    await rowsOf(
      used.url,
      `create function slow_commit() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(77); return null; end $$`,
    );
    await rowsOf(
      used.url,
      `create constraint trigger slow after insert on item deferrable initially deferred
        for each row when (new.id = 77) execute function slow_commit()`,
    );
    const gate = openScratch(used.url, { maxConnections: 1 });
    await gate.query(statement('test.shut-gate', 'do $$ begin perform pg_advisory_lock(77); end $$'));
    const giveUp = new AbortController();
    const hook = vi.fn();
    const running = used.db.within({ signal: giveUp.signal }).transaction(async (tx) => {
      tx.afterCommit(hook);
      await tx.query(insert, [77]);
    });
    const cancelled = expect(running).rejects.toMatchObject({ kind: 'cancelled' });
    const committing = statement(
      'test.committing',
      `select from pg_stat_activity where query = 'commit' and state = 'active'`,
    );
    await waitFor(async () => (await used.db.query(committing)).length > 0);
    giveUp.abort();
    await cancelled;
    expect(hook).not.toHaveBeenCalled();
    await gate.close();
    await waitFor(() => hook.mock.calls.length === 1);
    expect(await used.db.query(list)).toEqual([{ id: 77 }]);
  });
});
