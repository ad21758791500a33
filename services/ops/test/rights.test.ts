import { randomUUID } from 'node:crypto';
import type { Database } from '@gatehouse/postgres';
import { createTestDatabase, type TestDatabase } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAs, rowsOf } from './rig.ts';

let database: TestDatabase;
let app: Database;
const [backupId, drillId] = [randomUUID(), randomUUID()];

beforeAll(async () => {
  database = await createTestDatabase('ops');
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
    ['select * from ops.backup_configurations'],
    ['update ops.backup_configurations set last_successful_backup = now(), consecutive_failures = 0'],
    [
      `insert into ops.backup_execution_log (id, backup_config_id, started_at, status, execution_date, backup_type,
         requested_by, requester)
       select '${backupId}', id, now(), 'pending', current_date, 'full', 'peer:x', '{}' from ops.backup_configurations`,
    ],
    ['select * from ops.backup_execution_log'],
    [`update ops.backup_execution_log set status = 'completed', completed_at = now(), label = 'x'`],
    [
      `insert into ops.recovery_points (id, recovery_point_name, created_at, recovery_type)
       values ('${randomUUID()}', 'x', now(), 'backup')`,
    ],
    ['select * from ops.recovery_points'],
    ['update ops.recovery_points set is_verified = true'],
    [
      `insert into ops.restore_drills (id, backup_execution_id, status, started_at, witness_user_ids, requested_by, requester)
       values ('${drillId}', '${backupId}', 'pending', now(), '{}', 'peer:x', '{}')`,
    ],
    ['select * from ops.restore_drills'],
    [`update ops.restore_drills set status = 'failed', completed_at = now(), error_message = 'x'`],
    [`insert into ops.outbox (id, payload) values ('${randomUUID()}', '\\x00')`],
    ['select id from ops.outbox order by id limit 1 for update skip locked'],
    [`update ops.outbox set attempts = 1, refused_at = now(), refused_reason = 'x'`],
    ['delete from ops.outbox'],
    [`update ops.idempotency_keys set response = '\\x00'`],
    ['delete from ops.idempotency_keys'],
    ['select name from ops.schema_migrations'],
  ])('%s', async (text) => {
    await rowsOf(app, text);
  });
});

describe('the role of the service may not', () => {
  it.each([
    ['create table ops.mine (id integer)'],
    ['create table public.mine (id integer)'],
    ['create temporary table mine (id integer)'],
    ['create schema mine'],
    ['alter table ops.restore_drills add column mine integer'],
    ['drop index ops.one_backup_at_a_time'],
    ['drop table ops.recovery_points'],
    ['truncate ops.restore_drills'],
    [
      `insert into ops.backup_configurations (id, backup_name, backup_type, frequency) values ('${randomUUID()}', 'x', 'x', 'x')`,
    ],
    [`update ops.backup_configurations set backup_name = 'mine'`],
    ['delete from ops.backup_configurations'],
    [`update ops.backup_execution_log set requested_by = 'peer:y'`],
    [`update ops.backup_execution_log set requester = '{}'`],
    ['update ops.backup_execution_log set started_at = now()'],
    ['delete from ops.backup_execution_log'],
    [`update ops.recovery_points set recovery_point_name = 'y'`],
    ['delete from ops.recovery_points'],
    [`update ops.restore_drills set witness_user_ids = '{}'`],
    [`update ops.restore_drills set requested_by = 'peer:y'`],
    ['delete from ops.restore_drills'],
    [`insert into ops.schema_migrations (name, checksum) values ('9999_forge.sql', 'x')`],
    ['delete from ops.schema_migrations'],
    ['select * from other.secrets'],
    ['select pg_switch_wal()'],
    [`select pg_backup_start('mine')`],
    ['select rolpassword from pg_authid'],
    [`copy ops.outbox to program 'cat'`],
    [`update ops.idempotency_keys set request_digest = '\\x00'`],
  ])('%s', async (text) => {
    await expect(rowsOf(app, text)).rejects.toThrow(/permission denied|must be (owner|superuser)/);
  });
});
