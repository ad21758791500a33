import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partition } from './events.ts';

const LOG = 'audit.security_audit_log';
const NEW_ROW = `(id, occurred_at, event_type, event_status, request_id, service, actor, peer)
  values (gen_random_uuid(), now(), 'session.created', 'success', gen_random_uuid(), 'session', 'peer:a', 'a')`;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase('audit');
  await query(database.adminUrl, 'create schema elsewhere');
  await query(database.adminUrl, 'create table elsewhere.secrets (secret text)');
  await asApp('select audit.create_month_partition(current_date)');
});
afterAll(() => database.drop());

describe('the service may', () => {
  it.each([
    ['read the log', `select id, attributes from ${LOG}`],
    ['add to the log', `insert into ${LOG} ${NEW_ROW} on conflict (id, occurred_at) do nothing`],
    ['keep an answer', "update audit.idempotency_keys set response = '\\x00'"],
    ['forget an answer', 'delete from audit.idempotency_keys'],
    ['see which migrations were run', 'select name from audit.schema_migrations'],
    [
      'have the partition of a month made',
      "select audit.create_month_partition((current_date + interval '2 months')::date)",
    ],
  ])('%s', async (_, text) => {
    await expect(asApp(text)).resolves.toBeDefined();
  });
});

describe('the service may not', () => {
  it.each([
    ['change an event', `update ${LOG} set event_status = 'success'`],
    ['judge an event afterwards', `update ${LOG} set risk_score = 0`],
    ['remove an event', `delete from ${LOG}`],
    ['change what was asked', "update audit.idempotency_keys set request_digest = '\\x00'"],
    ['empty the log', `truncate ${LOG}`],
    ['lock out others', `do $$ begin lock table ${LOG} in access exclusive mode; end $$`],
    ['replace an event', `insert into ${LOG} ${NEW_ROW} on conflict (id, occurred_at) do update set actor = 'x'`],
    ['read a partition', `select id from ${partition(0)}`],
    ['add to a partition', `insert into ${partition(0)} ${NEW_ROW}`],
    ['change a partition', `update ${partition(0)} set actor = 'x'`],
    ['remove from a partition', `delete from ${partition(0)}`],
    ['empty a partition', `truncate ${partition(0)}`],
    ['drop a partition', `drop table ${partition(0)}`],
    ['detach a partition', `alter table ${LOG} detach partition ${partition(0)}`],
    ['make a table', 'create table audit.mine (id int)'],
    ['make a partition by itself', `create table audit.mine partition of ${LOG} default`],
    ['make a temporary table', 'create temporary table mine (id int)'],
    ['make a table in public', 'create table public.mine (id int)'],
    ['make a schema', 'create schema mine'],
    ['make a function', "create function audit.mine() returns int language sql as 'select 1'"],
    ['alter the log', `alter table ${LOG} add column mine int`],
    ['drop the log', `drop table ${LOG}`],
    ['put a trigger on the log', `create trigger mine before insert on ${LOG} execute function mine()`],
    ['replace the function', 'drop function audit.create_month_partition(date)'],
    ['say that a migration was run', "insert into audit.schema_migrations (name, checksum) values ('x', 'x')"],
    ['read the schema of another service', 'select secret from elsewhere.secrets'],
    ['become the owner', 'set role gatehouse_audit_owner'],
  ])('%s', async (_, text) => {
    await expect(asApp(text)).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|42704|42883)$/) });
  });

  it('have a partition made for a month that is far away', async () => {
    for (const wanted of ["current_date + interval '14 months'", "current_date - interval '14 months'"]) {
      await expect(asApp(`select audit.create_month_partition((${wanted})::date)`)).rejects.toThrow('too far');
    }
    for (const wanted of ['infinity', '-infinity', '4713-01-01 BC']) {
      await expect(asApp(`select audit.create_month_partition('${wanted}'::date)`)).rejects.toThrow('too far');
    }
  });
});

describe('any other role', () => {
  it('may not have partitions made', async () => {
    const [row] = await query<{ may: boolean }>(
      database.adminUrl,
      "select has_function_privilege('public', 'audit.create_month_partition(date)', 'execute') as may",
    );
    expect(row?.may).toBe(false);
  });
});

function asApp(text: string): Promise<object[]> {
  return query(database.url, text);
}
