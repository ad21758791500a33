import { describe, expect, it } from 'vitest';
import { statement, TRANSACTION_ATTEMPTS, type Transaction } from '../src/index.ts';
import { useScratch } from './use-scratch.ts';

const bump = statement('test.bump', 'update counter set value = value + 1 where id = $1::integer');
const raise = (code: string) =>
  statement(`test.raise-${code.toLowerCase()}`, `do $$ begin raise exception using errcode = '${code}'; end $$`);

const used = useScratch({
  setUp: [
    'create table counter (id integer primary key, value integer not null default 0)',
    'insert into counter (id) values (1), (2)',
  ],
});

describe('conflicts', () => {
  it('a deadlock is resolved by running the victim again', async () => {
    const bothHold = Promise.withResolvers<void>();
    let holding = 0;
    const cross = (first: number, second: number) =>
      used.db.transaction(async (tx) => {
        await tx.query(bump, [first]);
        holding += 1;
        if (holding === 2) bothHold.resolve();
        await bothHold.promise;
        await tx.query(bump, [second]);
      });
    await Promise.all([cross(1, 2), cross(2, 1)]);
    const values = statement<{ value: number }>('test.values', 'select value from counter');
    expect(await used.db.query(values)).toEqual([{ value: 2 }, { value: 2 }]);
    expect(holding).toBeGreaterThan(2);
  });

  it.each(['40001', '40P01'])('%s is given up after TRANSACTION_ATTEMPTS, as a conflict', async (code) => {
    let attempts = 0;
    const work = async (tx: Transaction) => {
      attempts += 1;
      await tx.query(raise(code));
    };
    await expect(used.db.transaction(work)).rejects.toMatchObject({ kind: 'conflict', reason: 'TRANSACTION_CONFLICT' });
    expect(attempts).toBe(TRANSACTION_ATTEMPTS);
  });

  it('is run again even when the work overlooked the conflict or threw something else', async () => {
    let attempts = 0;
    await used.db.transaction(async (tx) => {
      attempts += 1;
      if (attempts === 1) await tx.query(raise('40001')).catch(() => undefined);
      if (attempts === 2) {
        await tx.query(raise('40001')).catch(() => {
          throw new Error('translated');
        });
      }
    });
    expect(attempts).toBe(3);
  });

  it('any other error is not run again', async () => {
    let attempts = 0;
    const work = async (tx: Transaction) => {
      attempts += 1;
      await tx.query(raise('P0001'));
    };
    await expect(used.db.transaction(work)).rejects.toMatchObject({ code: 'P0001' });
    expect(attempts).toBe(1);
  });

  it('a statement outside of a transaction is run again as well', async () => {
    await expect(used.db.query(raise('40001'))).rejects.toMatchObject({ reason: 'TRANSACTION_CONFLICT' });
  });
});
