import { randomUUID } from 'node:crypto';
import { type Database, openDatabase } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf } from './fixture.ts';

let database: TestDatabase;
let app: Database;
const userId = randomUUID();

beforeAll(async () => {
  database = await createTestDatabase('identity');
  await asAdmin('create schema other');
  await asAdmin('create table other.secrets (id integer)');
  app = openDatabase({
    url: database.url,
    applicationName: 'identity-rights',
    maxConnections: 1,
    logger: silentLogger,
  });
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

describe('the role of the service may', () => {
  it.each([
    [
      `insert into identity.users (id, email, password_hash, created_at, updated_at)
      values ('${userId}', 'a@example.com', 'x', now(), now())`,
    ],
    ['select * from identity.users'],
    ['update identity.users set password_hash = password_hash, failed_login_attempts = 1'],
    [`update identity.users set last_login_at = now(), last_login_ip = '127.0.0.1'`],
    [`insert into identity.email_lookup (email, user_id) values ('a@example.com', '${userId}')`],
    ['select user_id from identity.email_lookup'],
    [`insert into identity.username_lookup (username, user_id) values ('ada', '${userId}')`],
    ['select user_id from identity.username_lookup'],
    [
      `insert into identity.password_history (user_id, id, password_hash, created_at)
      values ('${userId}', '${randomUUID()}', 'x', now())`,
    ],
    [`insert into identity.outbox (id, payload) values ('${randomUUID()}', '\\x00')`],
    ['select id from identity.outbox order by id limit 1 for update skip locked'],
    [`update identity.outbox set attempts = 1, refused_at = now(), refused_reason = 'x'`],
    ['delete from identity.outbox'],
    [
      `insert into identity.idempotency_keys (peer, actor_id, key, request_digest) values ('p', '${userId}', 'k', '\\x00')
       on conflict do nothing`,
    ],
    [`update identity.idempotency_keys set response = '\\x00'`],
    ['delete from identity.idempotency_keys'],
    ['select name from identity.schema_migrations'],
  ])('%s', async (text) => {
    await rowsOf(app, text);
  });
});

describe('the role of the service may not', () => {
  it.each([
    ['create table identity.mine (id integer)'],
    ['create table public.mine (id integer)'],
    ['create schema mine'],
    ['create role mine'],
    ['alter table identity.users add column mine integer'],
    ['drop table identity.users'],
    ['truncate identity.outbox'],
    ['delete from identity.users'],
    [`update identity.users set email = 'b@example.com'`],
    ['update identity.users set is_active = true'],
    ['update identity.users set deleted_at = null'],
    ['update identity.users set locked_until = null'],
    ['update identity.users set id = id'],
    ['update identity.email_lookup set user_id = user_id'],
    ['delete from identity.email_lookup'],
    ['update identity.username_lookup set user_id = user_id'],
    ['delete from identity.username_lookup'],
    ['select * from identity.password_history'],
    [`update identity.password_history set password_hash = 'y'`],
    ['delete from identity.password_history'],
    [`update identity.idempotency_keys set request_digest = '\\x00'`],
    [`update identity.outbox set payload = '\\x01'`],
    ['delete from identity.schema_migrations'],
    ['select rolpassword from pg_authid'],
    ['set role gatehouse_identity_owner'],
    ['select * from other.secrets'],
  ])('%s', async (text) => {
    const error = await rowsOf(app, text).catch((refused: unknown) => refused);
    // 42501: insufficient privilege. "must be owner" and "permission denied" are both of it.
    expect(error).toMatchObject({ code: '42501' });
  });
});

it('keeps keys in lower case whatever the service does', async () => {
  const upper = rowsOf(app, `insert into identity.email_lookup (email, user_id) values ('B@example.com', '${userId}')`);
  await expect(upper).rejects.toMatchObject({ code: '23514', constraint: 'email_lookup_email_check' });
  const name = rowsOf(app, `insert into identity.username_lookup (username, user_id) values ('Ada', '${userId}')`);
  await expect(name).rejects.toMatchObject({ code: '23514', constraint: 'username_lookup_username_check' });
});

async function asAdmin(text: string): Promise<void> {
  const admin = openDatabase({
    url: database.adminUrl,
    applicationName: 'identity-rights-admin',
    maxConnections: 1,
    logger: silentLogger,
  });
  try {
    await rowsOf(admin, text);
  } finally {
    await admin.close();
  }
}
