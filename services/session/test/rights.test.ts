import { openDatabase, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let database: TestDatabase;
let run: (sql: string) => Promise<unknown>;
let close: () => Promise<void>;

beforeAll(async () => {
  database = await createTestDatabase('session');
  const db = openDatabase({ url: database.url, applicationName: 'rights', maxConnections: 1, logger: silentLogger });
  let tried = 0;
  run = (sql) => db.query(statement(`rights.try-${tried++}`, sql));
  close = () => db.close();
});
afterAll(async () => {
  await close();
  await database.drop();
});

describe('the role of the session service', () => {
  it.each([
    'create table session.more (id int)',
    'alter table session.sessions add column more int',
    'drop table session.sessions',
    'truncate session.sessions',
    "update session.sessions set user_id = '00000000-0000-0000-0000-000000000000'",
    "update session.sessions set session_token_hash = '\\x00'",
    'update session.sessions set authentication_level = 3',
    'update session.refresh_tokens set expires_at = now()',
    "update session.signing_keys set public_jwk = '{}'",
    'update session.signing_keys set created_at = now()',
    "update session.idempotency_keys set request_digest = '\\x00'",
    "insert into session.schema_migrations (name, checksum) values ('x', 'y')",
    'create schema mine',
    'create temporary table mine (id int)',
    'set role gatehouse_session_owner',
    'select * from pg_authid',
  ])('may not: %s', async (sql) => {
    await expect(run(sql)).rejects.toThrow(/permission denied|must be owner|denied/);
  });

  it.each([
    'select id from session.sessions',
    "update session.sessions set revoked_at = now(), revoked_reason = 'logout', version = 2 where false",
    'select name from session.schema_migrations',
    'delete from session.sessions where false',
    'update session.sessions set expires_at = now(), last_activity_at = now(), last_ip_address = null where false',
    'delete from session.refresh_tokens where false',
    'update session.refresh_tokens set generation = 1, rotated_at = now() where false',
    'delete from session.signing_keys where false',
    "update session.signing_keys set revoked_at = now(), private_key_sealed = '\\x00' where false",
    'delete from session.outbox where false',
    "update session.idempotency_keys set response = '\\x00' where false",
    'delete from session.idempotency_keys where false',
    'delete from session.invalidations where false',
  ])('may: %s', async (sql) => {
    await expect(run(sql)).resolves.toBeDefined();
  });
});
