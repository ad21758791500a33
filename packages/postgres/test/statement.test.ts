import { describe, expect, it } from 'vitest';
import { statement } from '../src/index.ts';
import { openScratch, rowsOf } from './scratch-database.ts';
import { useScratch } from './use-scratch.ts';

const used = useScratch();

describe('a session', () => {
  it.each([
    ['application_name', 'scratch'],
    ['statement_timeout', '5s'],
    ['idle_in_transaction_session_timeout', '1min'],
  ])('has %s = %s', async (name, value) => {
    const show = statement<{ value: string }>('test.setting', 'select current_setting($1::text) as value');
    expect(await used.db.query(show, [name])).toEqual([{ value }]);
  });
});

describe('statements', () => {
  it('are prepared once for each connection, under their own names', async () => {
    const one = openScratch(used.url, { maxConnections: 1 });
    const find = statement<{ one: number }>('test.find-one', 'select 1 as one');
    await one.query(find);
    await one.query(find);
    const prepared = await one.query(
      statement<{ name: string }>(
        'test.prepared',
        `select name from pg_prepared_statements where statement = 'select 1 as one'`,
      ),
    );
    await one.close();
    expect(prepared).toEqual([{ name: 'test.find-one' }]);
  });

  it.each(['', 'Upper.case', 'two words', 'a'.repeat(64), 'semi;colon'])('refuses the name %j', (name) => {
    expect(() => statement(name, 'select 1')).toThrow('name of a statement');
  });

  it('work again after something deallocated them', async () => {
    const one = openScratch(used.url, { maxConnections: 1 });
    const find = statement<{ two: number }>('test.find-two', 'select 2 as two');
    await one.query(find);
    await one.query(statement('test.deallocate', 'deallocate all'));
    expect(await one.query(find)).toEqual([{ two: 2 }]);
    await one.close();
  });

  it('work again after a migration changed the type of what they return', async () => {
    const one = openScratch(used.url, { maxConnections: 2 });
    await one.query(statement('test.create-plan', 'create table plan (value integer)'));
    await one.query(statement('test.fill-plan', 'insert into plan values (7)'));
    const find = statement<{ value: unknown }>('test.find-plan', 'select value from plan');
    expect(await one.query(find)).toEqual([{ value: 7 }]);
    await rowsOf(used.url, 'alter table plan alter column value type bigint');
    expect(await one.query(find)).toEqual([{ value: 7n }]);
    await rowsOf(used.url, 'alter table plan alter column value type text');
    expect(await one.transaction(async (tx) => await tx.query(find))).toEqual([{ value: '7' }]);
    await one.close();
  });
});
