import { describe, expect, it } from 'vitest';
import { runOnce } from './scratch-database.ts';
import { useMigrations } from './use-migrations.ts';

const demo = useMigrations();

describe('migrate', () => {
  it('refuses a file that was changed after it was applied, by its name, and runs nothing', async () => {
    await demo.run();
    await demo.folder.write('0001_create_a.sql', 'create table demo.a (id bigint primary key);');
    await demo.folder.write('0003_create_c.sql', 'create table demo.c (id integer);');
    await expect(demo.run()).rejects.toMatchObject({
      kind: 'precondition',
      reason: 'MIGRATION_CHANGED',
      message: expect.stringContaining('0001_create_a.sql'),
    });
    expect(await demo.tables()).not.toContain('c');
  });

  it('leaves nothing of a migration that fails, names it and its line, and keeps those before it', async () => {
    await demo.folder.write('0003_broken.sql', 'create table demo.c (id integer);\nselect nonsense;\n');
    await expect(demo.run()).rejects.toMatchObject({
      reason: 'MIGRATION_FAILED',
      message: expect.stringMatching(/^0003_broken\.sql line 2: .*nonsense/),
      metadata: { migration: '0003_broken.sql' },
    });
    expect(await demo.tables()).toEqual(['a', 'b', 'schema_migrations']);
    await demo.folder.write('0003_broken.sql', 'create table demo.c (id integer);');
    expect(await demo.run()).toEqual({ applied: ['0003_broken.sql'] });
  });

  it('refuses to run a file after a later one', async () => {
    await demo.folder.write('0004_create_d.sql', 'create table demo.d (id integer);');
    await demo.run();
    await demo.folder.write('0003_create_c.sql', 'create table demo.c (id integer);');
    await expect(demo.run()).rejects.toMatchObject({
      reason: 'MIGRATION_OUT_OF_ORDER',
      message: '0003_create_c.sql is not applied, but 0004_create_d.sql is.',
    });
  });

  it.each(['create_c.sql', '3_create_c.sql', '0003-create-c.sql', '0003_Create.sql'])(
    'refuses the name %s',
    async (name) => {
      await demo.folder.write(name, 'select 1;');
      await expect(demo.run()).rejects.toMatchObject({
        reason: 'MIGRATION_NAME',
        message: expect.stringContaining(name),
      });
    },
  );

  it('refuses two files with one number', async () => {
    await demo.folder.write('0002_create_other.sql', 'select 1;');
    await expect(demo.run()).rejects.toMatchObject({ reason: 'MIGRATION_NAME' });
  });

  it('refuses a file that ends its own transaction', async () => {
    await demo.folder.write('0003_commits.sql', 'select 1; commit;');
    await expect(demo.run()).rejects.toMatchObject({
      reason: 'MIGRATION_FAILED',
      message: expect.stringContaining('0003'),
    });
  });

  it('says so when the schema is not there', async () => {
    await runOnce(demo.url, 'drop schema demo cascade');
    await expect(demo.run()).rejects.toMatchObject({ reason: 'SCHEMA_MISSING' });
  });
});
