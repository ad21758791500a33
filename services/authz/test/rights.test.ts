import { randomUUID } from 'node:crypto';
import type { Database } from '@gatehouse/postgres';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAs, rowsOf } from './fixture.ts';

let database: TestDatabase;
let app: Database;
const [userId, roleId, permissionId] = [randomUUID(), randomUUID(), randomUUID()];

beforeAll(async () => {
  database = await createTestDatabase('authz');
  const admin = openAs(database.adminUrl);
  await rowsOf(admin, 'create schema other');
  await rowsOf(admin, 'create table other.secrets (id integer)');
  await admin.close();
  app = openAs(database.url);
});
afterAll(async () => {
  await app?.close();
  await database?.drop();
});

describe('the role of the service may', () => {
  it.each([
    [`insert into authz.permissions (id, resource, action, created_at) values ('${permissionId}', 'a', 'b', now())`],
    ['select * from authz.permissions'],
    [`insert into authz.roles (id, name, level, created_at, updated_at) values ('${roleId}', 'r', 0, now(), now())`],
    ['select * from authz.roles'],
    ['select level from authz.roles for key share'],
    [
      `insert into authz.role_permissions (id, role_id, permission_id, granted_at)
       values ('${randomUUID()}', '${roleId}', '${permissionId}', now())`,
    ],
    ['select * from authz.role_permissions'],
    ['select revision from authz.model_revision'],
    ['update authz.model_revision set revision = revision + 1'],
    [
      `insert into authz.role_grants (user_id, id, role_id, granted_at)
       values ('${userId}', '${randomUUID()}', '${roleId}', now())`,
    ],
    ['select * from authz.role_grants'],
    [
      `update authz.role_grants set reason = '', valid_from = null, valid_until = null, condition = '', status = 'active',
         approved_by = null, approved_at = null, updated_by = null, updated_at = null`,
    ],
    ['delete from authz.role_grants'],
    [`update authz.roles set description = '', parent_role_id = null, level = 0, updated_at = now()`],
    ['delete from authz.role_permissions'],
    ['delete from authz.roles'],
    [`update authz.permissions set description = '', category = '', is_dangerous = false, condition = ''`],
    ['delete from authz.permissions'],
    [`update authz.role_exclusions set reason = ''`],
    [
      `insert into authz.revisions (user_id, revision) values ('${userId}', 1)
       on conflict (user_id) do update set revision = revisions.revision + 1`,
    ],
    ['select * from authz.revisions'],
    [`insert into authz.invalidations (id, subject_id, version) values ('${randomUUID()}', '${userId}', 1)`],
    ['select id from authz.invalidations order by id limit 1 for update skip locked'],
    ['delete from authz.invalidations'],
    [
      `insert into authz.idempotency_keys (peer, actor_id, key, request_digest) values ('p', '${userId}', 'k', '\\x00')
       on conflict do nothing`,
    ],
    [`update authz.idempotency_keys set response = '\\x00'`],
    ['select * from authz.idempotency_keys'],
    ['delete from authz.idempotency_keys'],
    [`insert into authz.changes (id, user_id, revision) values ('${randomUUID()}', '${userId}', 1)`],
    ['select * from authz.changes'],
    ['delete from authz.changes'],
    ['select * from authz.changes_swept'],
    [`update authz.changes_swept set through_xid = '0'`],
    ['select system_identifier, pg_walfile_name(pg_current_wal_lsn()) from pg_control_system()'],
    [`insert into authz.outbox (id, payload) values ('${randomUUID()}', '\\x00')`],
    ['select id from authz.outbox order by id limit 1 for update skip locked'],
    [`update authz.outbox set attempts = 1, refused_at = now(), refused_reason = 'x'`],
    ['delete from authz.outbox'],
    [`select authz.refresh_user_role_cache('0')`],
    ['select * from authz.user_role_cache'],
    ['select name from authz.schema_migrations'],
  ])('%s', async (text) => {
    await rowsOf(app, text);
  });
});

describe('the role of the service may not', () => {
  it.each([
    ['create table authz.mine (id integer)'],
    ['create table public.mine (id integer)'],
    ['create temporary table mine (id integer)'],
    ['create schema mine'],
    ['alter table authz.roles add column mine integer'],
    ['alter table authz.roles drop constraint roles_parent_fkey'],
    ['drop table authz.role_grants'],
    ['truncate authz.role_grants'],
    ['create index mine on authz.roles (description)'],
    ['update authz.roles set name = name'],
    ['update authz.roles set is_system_role = false'],
    ['update authz.role_permissions set granted_by = null'],
    [`update authz.permissions set resource = 'x'`],
    ['update authz.role_exclusions set created_by = null'],
    ['insert into authz.model_revision (revision) values (0)'],
    ['delete from authz.model_revision'],
    [`update authz.role_grants set role_id = '${roleId}'`],
    ['update authz.role_grants set granted_by = null'],
    [`update authz.role_grants set scope = ''`],
    [`update authz.role_grants set user_id = '${userId}'`],
    [`update authz.idempotency_keys set request_digest = '\\x00'`],
    ['refresh materialized view authz.user_role_cache'],
    [`update authz.user_role_cache_refresh set refreshed_at = '-infinity'`],
    ['delete from authz.revisions'],
    [`update authz.revisions set user_id = '${userId}'`],
    [`update authz.invalidations set subject_id = '${userId}'`],
    ['update authz.changes set user_id = null'],
    ['insert into authz.changes_swept default values'],
    ['delete from authz.changes_swept'],
    [`update authz.outbox set payload = '\\x00'`],
    [`insert into authz.schema_migrations (name, checksum) values ('9999_forge.sql', 'x')`],
    ['delete from authz.schema_migrations'],
    ['select * from other.secrets'],
    ['select rolpassword from pg_authid'],
    [`copy authz.roles to program 'cat'`],
  ])('%s', async (text) => {
    await expect(rowsOf(app, text)).rejects.toThrow(/permission denied|must be (owner|superuser)/);
  });
});
