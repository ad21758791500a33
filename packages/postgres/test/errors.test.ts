import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { isForeignKeyViolation, statement } from '../src/index.ts';
import { openScratch } from './scratch-database.ts';
import { useScratch } from './use-scratch.ts';

const used = useScratch({
  setUp: [
    'create table parent (id integer constraint parent_pkey primary key)',
    'create table child (parent integer constraint child_parent references parent)',
  ],
});

describe('errors', () => {
  const insertParent = statement('test.insert-parent', 'insert into parent (id) values ($1::integer)');
  const insertChild = statement('test.insert-child', 'insert into child (parent) values ($1::integer)');

  it('do not quote the row that broke a constraint', async () => {
    await used.db.query(insertParent, [1]);
    const error = await used.db.query(insertParent, [1]).catch((reason: unknown) => reason);
    expect(isForeignKeyViolation(error, 'parent_pkey')).toBe(false);
    expect(error).toMatchObject({ statement: 'test.insert-parent', detail: undefined });
  });

  it('tell which foreign key was violated', async () => {
    const error = await used.db.query(insertChild, [404]).catch((reason: unknown) => reason);
    expect(isForeignKeyViolation(error, 'child_parent')).toBe(true);
    expect(isForeignKeyViolation(error, 'other')).toBe(false);
    expect(isForeignKeyViolation(new Error('other'), 'child_parent')).toBe(false);
  });

  it('leave the connection usable', async () => {
    const one = openScratch(used.url, { maxConnections: 1 });
    const broken = statement('test.broken', 'select no_such_column');
    for (let times = 0; times < 3; times += 1) await expect(one.query(broken)).rejects.toMatchObject({ code: '42703' });
    await expect(one.ping()).resolves.toBeUndefined();
    await one.close();
  });

  it('are unavailable when a statement takes longer than it may', async () => {
    const impatient = openScratch(used.url, { statementTimeoutMs: 300 });
    const slow = statement('test.slow', 'select 1 from pg_sleep(30)');
    await expect(impatient.query(slow)).rejects.toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' });
    await waitFor(() => impatient.ping().then(() => true));
    await impatient.close();
  });

  it('are unavailable when the database only takes reads, and the connection is not used again', async () => {
    const one = openScratch(used.url, { maxConnections: 1 });
    const pid = statement<{ pid: number }>('test.pid', 'select pg_backend_pid() as pid');
    const [before] = await one.query(pid);
    await one.query(statement('test.read-only', 'set default_transaction_read_only = on'));
    await expect(one.query(insertParent, [2])).rejects.toMatchObject({ reason: 'POSTGRES_UNAVAILABLE' });
    await one.query(insertParent, [2]);
    expect(await one.query(pid)).not.toEqual([before]);
    await one.close();
  });
});
