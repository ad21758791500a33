import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { statement } from '../src/index.ts';
import { openScratch, rowsOf, runOnce } from './scratch-database.ts';
import { useMigrations } from './use-migrations.ts';

const demo = useMigrations();

describe('migrate', () => {
  it('runs what is missing in order, notes it, and does nothing the second time', async () => {
    expect(await demo.run()).toEqual({ applied: ['0001_create_a.sql', '0002_create_b.sql'] });
    expect(await demo.tables()).toEqual(['a', 'b', 'schema_migrations']);
    expect(await demo.run()).toEqual({ applied: [] });
    await demo.folder.write('0003_create_c.sql', 'create table demo.c (id integer);');
    expect(await demo.run()).toEqual({ applied: ['0003_create_c.sql'] });
    const rows = await rowsOf<{ name: string; checksum: string; applied_at: Date }>(
      demo.url,
      'select name, checksum, applied_at from demo.schema_migrations order by name',
    );
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ checksum: expect.stringMatching(/^[0-9a-f]{64}$/), applied_at: expect.any(Date) });
  });

  it('runs each file once when many start at the same time', async () => {
    await demo.folder.write('0003_slow.sql', 'select pg_sleep(0.3); create table demo.c (id integer);');
    const runs = await Promise.all([demo.run(), demo.run(), demo.run()]);
    expect(runs.flatMap(({ applied }) => applied)).toEqual(['0001_create_a.sql', '0002_create_b.sql', '0003_slow.sql']);
  });

  it('is unavailable when another one takes too long', async () => {
    const gate = openScratch(demo.url, { maxConnections: 1 });
    await gate.query(statement('test.shut-gate', 'do $$ begin perform pg_advisory_lock(77); end $$'));
    await demo.folder.write('0003_slow.sql', 'select pg_advisory_xact_lock(77);');
    const slow = demo.run();
    await waitFor(async () => (await demo.tables()).includes('b'));
    await expect(demo.run({ lockWaitMs: 100 })).rejects.toMatchObject({ kind: 'unavailable' });
    await gate.close();
    await slow;
  });

  it('runs a file without a transaction when its first line says so, and again when it was cut short', async () => {
    await demo.folder.write(
      '0003_index.sql',
      `-- gatehouse:no-transaction
      drop index concurrently if exists demo.b_by_a;
      create index concurrently b_by_a on demo.b (a);
      insert into demo.a values (1);`,
    );
    await expect(demo.run()).rejects.toMatchObject({ reason: 'MIGRATION_FAILED' });
    await runOnce(demo.url, 'delete from demo.a');
    expect(await demo.run()).toEqual({ applied: ['0003_index.sql'] });
    const indexes = await rowsOf(demo.url, `select from pg_indexes where indexname = 'b_by_a'`);
    expect(indexes).toHaveLength(1);
  });

  it('two at once can build an index concurrently', async () => {
    await demo.folder.write(
      '0003_index.sql',
      '-- gatehouse:no-transaction\ncreate index concurrently b_by_a on demo.b (a);',
    );
    const runs = await Promise.all([demo.run(), demo.run()]);
    expect(runs.flatMap(({ applied }) => applied)).toHaveLength(3);
  });

  it('old code starts on a schema that a newer version migrated', async () => {
    await demo.folder.write('0003_create_c.sql', 'create table demo.c (id integer);');
    await demo.folder.write('0005_create_e.sql', 'create table demo.e (id integer);');
    await demo.run();
    await demo.folder.remove('0003_create_c.sql');
    await demo.folder.remove('0005_create_e.sql');
    expect(await demo.run()).toEqual({ applied: [] });
    await demo.folder.write('0006_create_f.sql', 'create table demo.f (id integer);');
    expect(await demo.run()).toEqual({ applied: ['0006_create_f.sql'] });
  });

  it('does not wait for a lock for longer than a few seconds at a time, and tries again', async () => {
    await demo.run();
    const db = openScratch(demo.url, { statementTimeoutMs: 30_000 });
    await demo.folder.write('0003_alter.sql', 'alter table demo.a add column name text;');
    const holding = Promise.withResolvers<void>();
    const refused = Promise.withResolvers<void>();
    const holder = db.transaction(async (tx) => {
      await tx.query(statement('test.lock', 'lock table demo.a in access share mode'));
      holding.resolve();
      await refused.promise;
    });
    await holding.promise;
    const migrating = demo.run();
    const waiting = statement(
      'test.waiting',
      `select from pg_stat_activity where wait_event_type = 'Lock' and query like 'alter table demo.a%'`,
    );
    await waitFor(async () => (await db.query(waiting)).length === 1);
    // It pauses for a second after each of three attempts; a busy machine may sleep through the first pause.
    await waitFor(async () => (await db.query(waiting)).length === 0);
    refused.resolve();
    await holder;
    expect(await migrating).toEqual({ applied: ['0003_alter.sql'] });
    await db.close();
  });
});
