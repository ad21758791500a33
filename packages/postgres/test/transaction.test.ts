import { beforeEach, describe, expect, it } from 'vitest';
import { statement, type Transaction } from '../src/index.ts';
import { useScratch } from './use-scratch.ts';

const insert = statement('test.insert', 'insert into item (id) values ($1::integer)');
const list = statement<{ id: number }>('test.list', 'select id from item order by id');

const used = useScratch({ setUp: ['create table item (id integer primary key)'] });

beforeEach(async () => {
  await used.db.query(statement('test.clear', 'delete from item'));
});

describe('a transaction', () => {
  it('commits what it did and returns what it made', async () => {
    const made = await used.db.transaction(async (tx) => {
      await tx.query(insert, [1]);
      await tx.query(insert, [2]);
      return 'made';
    });
    expect(made).toBe('made');
    expect(await used.db.query(list)).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('does nothing when its work throws, and rethrows that', async () => {
    const reason = new Error('no');
    await expect(
      used.db.transaction(async (tx) => {
        await tx.query(insert, [1]);
        throw reason;
      }),
    ).rejects.toBe(reason);
    expect(await used.db.query(list)).toEqual([]);
  });

  it('does not pretend to have committed when a failed statement was overlooked', async () => {
    await used.db.query(insert, [1]);
    const work = async (tx: Transaction) => {
      await tx.query(insert, [2]);
      await tx.query(insert, [1]).catch(() => undefined);
    };
    await expect(used.db.transaction(work)).rejects.toMatchObject({ code: '23505', statement: 'test.insert' });
    expect(await used.db.query(list)).toEqual([{ id: 1 }]);
  });

  it('runs statements given at once one after the other', async () => {
    await used.db.transaction((tx) => Promise.all([1, 2, 3, 4, 5].map((id) => tx.query(insert, [id]))));
    expect(await used.db.query(list)).toHaveLength(5);
  });

  it.each([
    ['committed', () => Promise.resolve()],
    ['was rolled back', () => Promise.reject(new Error('no'))],
  ])('refuses statements after it %s', async (_, end) => {
    let kept: Transaction | undefined;
    await used.db
      .transaction(async (tx) => {
        kept = tx;
        await end();
      })
      .catch(() => undefined);
    await expect(kept?.query(insert, [1])).rejects.toThrow('after the end of its transaction');
    expect(await used.db.query(list)).toEqual([]);
  });

  it('is not seen by others before it commits', async () => {
    await used.db.transaction(async (tx) => {
      await tx.query(insert, [1]);
      expect(await used.db.query(list)).toEqual([]);
      expect(await tx.query(list)).toEqual([{ id: 1 }]);
    });
  });
});
