import { beforeEach, describe, expect, it, vi } from 'vitest';
import { statement } from '../src/index.ts';
import { useScratch } from './use-scratch.ts';

const insert = statement('test.insert', 'insert into item (id) values ($1::integer)');
const list = statement<{ id: number }>('test.list', 'select id from item order by id');
const raise = (code: string) =>
  statement(`test.raise-${code.toLowerCase()}`, `do $$ begin raise exception using errcode = '${code}'; end $$`);

const used = useScratch({ setUp: ['create table item (id integer primary key)'] });

beforeEach(async () => {
  await used.db.query(statement('test.clear', 'delete from item'));
});

describe('afterCommit', () => {
  it('runs once what was committed can be seen', async () => {
    const seen = Promise.withResolvers<object[]>();
    await used.db.transaction(async (tx) => {
      tx.afterCommit(() => used.db.query(list).then(seen.resolve, seen.reject));
      await tx.query(insert, [1]);
    });
    expect(await seen.promise).toEqual([{ id: 1 }]);
  });

  it('does not run after a rollback', async () => {
    const hook = vi.fn();
    await used.db
      .transaction(async (tx) => {
        tx.afterCommit(hook);
        throw new Error('no');
      })
      .catch(() => undefined);
    expect(hook).not.toHaveBeenCalled();
  });

  it('runs once, though the transaction ran twice', async () => {
    const hook = vi.fn();
    let attempts = 0;
    await used.db.transaction(async (tx) => {
      tx.afterCommit(hook);
      attempts += 1;
      if (attempts === 1) await tx.query(raise('40001'));
    });
    expect(attempts).toBe(2);
    expect(hook).toHaveBeenCalledTimes(1);
  });

  it('does not undo anything when it throws, and the next one runs', async () => {
    const next = vi.fn();
    await used.db.transaction(async (tx) => {
      tx.afterCommit(() => {
        throw new Error('late');
      });
      tx.afterCommit(next);
      await tx.query(insert, [1]);
    });
    expect(next).toHaveBeenCalledTimes(1);
    expect(await used.db.query(list)).toEqual([{ id: 1 }]);
  });
});
