import { describe, expect, it } from 'vitest';
import { rowsOf, runOnce } from './scratch-database.ts';
import { useScratch } from './use-scratch.ts';
import { useService } from './use-service.ts';

const used = useScratch();
const service = useService(used);
const other = useService(used);

describe('the application role', () => {
  it.each([
    ['create a table in its schema', (schema: string) => `create table ${schema}.more (id integer)`],
    ['create a table in public', () => 'create table public.more (id integer)'],
    ['create a temporary table', () => 'create temporary table more (id integer)'],
    ['create a schema', (schema: string) => `create schema ${schema}_more`],
    [
      'create a function',
      (schema: string) => `create function ${schema}.f() returns integer language sql as 'select 1'`,
    ],
    ['alter a table', (schema: string) => `alter table ${schema}.items add column more text`],
    ['drop a table', (schema: string) => `drop table ${schema}.items`],
    ['empty a table', (schema: string) => `truncate ${schema}.items`],
    ['make an index', (schema: string) => `create index on ${schema}.items (note)`],
    ['delete where it may only insert', (schema: string) => `delete from ${schema}.items`],
    ['read a table that grants.sql does not name', (schema: string) => `select id from ${schema}.secrets`],
    [
      'pretend that a migration was applied',
      (schema: string) => `insert into ${schema}.schema_migrations values ('0002_x.sql', '')`,
    ],
    ['read another schema', () => 'select id from elsewhere.items'],
    ['create a role', (schema: string) => `create role ${schema}_more`],
    ['become the owner', (schema: string) => `set role gatehouse_${schema}_owner`],
  ])('may not %s', async (_, attempt) => {
    const { appUrl } = await service.run();
    await runOnce(service.url, 'create schema if not exists elsewhere');
    await runOnce(service.url, 'create table if not exists elsewhere.items (id integer)');
    await expect(rowsOf(appUrl, attempt(service.name))).rejects.toMatchObject({ code: '42501' });
  });

  it('may not see the tables of another service either', async () => {
    const { appUrl } = await service.run();
    await other.run();
    await expect(rowsOf(appUrl, `select id from ${other.name}.items`)).rejects.toMatchObject({ code: '42501' });
  });
});
