import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, globSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '@gatehouse/postgres';
import { uuidv7 } from '@gatehouse/process';
import type { Backup } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import { type PostgresInstance, startPostgres, startRedis, waitFor } from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakePgBackRest, fakePgBackRest, LABEL } from './fake-pgbackrest.ts';
import { commandLines } from './processes.ts';
import {
  COMPLETED,
  FAILED,
  openAs,
  ownPostgres,
  PENDING,
  type Rig,
  RUN_TIMEOUT_MS,
  rowsOf,
  startRig,
  storeBackup,
} from './rig.ts';

// Services are started and stopped, and runs waited for.
const NOBODY = '0190a0a0-0000-7000-8000-00000000000b';

describeWith('pgbackrest', 'with pgBackRest', () => {
  let postgres: PostgresInstance;
  let cluster: Database;
  let rig: Rig;
  let scratch: string;
  let repository: string;
  let backup: Backup;
  const before = randomUUID();
  const after = randomUUID();
  const nobody = randomUUID();

  const register = (id: string) => rowsOf(cluster, 'insert into identity.users (id) values ($1::uuid)', [id]);
  const archived = () => globSync(`${repository}/archive/**`).sort();
  const archiver = async () =>
    (
      await rowsOf<{ last: string; failed: bigint }>(
        cluster,
        'select last_archived_wal as last, failed_count as failed from pg_stat_archiver',
      )
    )[0];

  beforeAll(async () => {
    postgres = await startPostgres({ archive: true });
    const { pgBackRest } = postgres;
    // Its path leaves no room for a socket.
    scratch = join(postgres.dataDirectory, '../scratch', 'x'.repeat(60));
    repository = pgBackRest?.repositoryDirectory ?? '';
    cluster = openAs(postgres.adminUrl);
    await rowsOf(cluster, 'create schema identity');
    await rowsOf(cluster, 'create table identity.users (id uuid primary key)');
    await rowsOf(cluster, 'create table identity."Odd name" (at integer) partition by range (at)');
    await rowsOf(cluster, 'create table identity.odd_part partition of identity."Odd name" for values from (0) to (9)');
    await rowsOf(cluster, 'insert into identity."Odd name" values (1), (2)');
    await register(before);
    rig = await startRig({
      env: {
        GATEHOUSE_OPS_PGBACKREST_CONFIG: pgBackRest?.configFile ?? '',
        GATEHOUSE_OPS_RUN_AS: pgBackRest?.user?.name ?? '',
        GATEHOUSE_OPS_SCRATCH_DIRECTORY: scratch,
        GATEHOUSE_OPS_DRILL_DATABASE: 'postgres',
      },
    });
    backup = await rig.endedBackup((await rig.startBackup()).backupId);
    expect(backup).toMatchObject({ status: COMPLETED });
    await register(after);
    const [switched] = await rowsOf<{ segment: string }>(cluster, 'select pg_walfile_name(pg_switch_wal()) as segment');
    await waitFor(async () => ((await archiver())?.last ?? '') >= (switched?.segment ?? 'none'));
  });
  afterAll(async () => {
    await rig?.stop();
    await cluster?.close();
    await postgres?.stop('immediate');
  });

  it('a drill finds what was there before and after the backup, and leaves nothing behind', async () => {
    const archive = archived();
    const failed = (await archiver())?.failed;
    const requestId = uuidv7();
    const started = await rig.startDrill(backup.backupId, [nobody, after, before], { requestId });
    expect(started).toMatchObject({ status: PENDING, backupId: backup.backupId });
    const drill = await rig.endedDrill(started.restoreDrillId);
    expect(drill).toMatchObject({
      status: COMPLETED,
      errorMessage: '',
      foundUserIds: [after, before],
      missingUserIds: [nobody],
      rowCounts: { 'identity.users': 2n, 'identity.Odd name': 2n },
    });
    expect(drill.recoveryTimeMs).toBeGreaterThan(0n);
    expect(drill.restoredUntil?.getTime()).toBeLessThanOrEqual(drill.completedAt?.getTime() ?? 0);
    expect(drill.restoredUntil?.getTime()).toBeGreaterThan((drill.startedAt?.getTime() ?? 0) - RUN_TIMEOUT_MS);

    expect(readdirSync(scratch)).toEqual([]);
    expect(existsSync(`/tmp/gatehouse-drill-${drill.restoreDrillId.slice(-12)}`)).toBe(false);
    expect(commandLines().filter((line) => line.includes(scratch))).toEqual([]);
    expect(archived()).toEqual(archive);
    expect(await archiver()).toMatchObject({ failed });

    const [row] = await rig.rows('select * from ops.backup_execution_log');
    expect(row).toMatchObject({ verification_status: 'restored', verification_completed_at: drill.completedAt });
    const [point] = await rig.rows('select * from ops.recovery_points');
    expect(point).toMatchObject({ is_verified: true, recovery_test_date: drill.completedAt });
    expect(await rig.eventsOf(requestId)).toEqual([
      expect.objectContaining({ eventType: 'restore_drill.started', actor: 'peer:operator/test' }),
      expect.objectContaining({
        eventType: 'restore_drill.completed',
        actor: 'peer:operator/test',
        attributes: expect.objectContaining({ witnesses_found: '2', witnesses_missing: '1' }),
      }),
    ]);
    // It is counted once the end is committed, which may be seen before.
    await waitFor(async () => (await rig.metric('ops_restore_drill_recovery_seconds_count')) === 1);
  });

  it('a drill fails when a WAL segment is damaged, although Postgres opens the database without it', async () => {
    const [newest = ''] = globSync(`${repository}/archive/gatehouse/15-1/*/*.gz`).sort().reverse();
    copyFileSync(newest, `${postgres.dataDirectory}.segment`);
    truncateSync(newest, 100);
    const drill = await rig.endedDrill((await rig.startDrill(backup.backupId, [after])).restoreDrillId);
    copyFileSync(`${postgres.dataDirectory}.segment`, newest);
    expect(drill).toMatchObject({ status: FAILED, foundUserIds: [], missingUserIds: [] });
    expect(drill.errorMessage).toMatch(/The archive holds WAL up to [0-9A-F]{24}, but its replay ended at/);
    expect(drill.errorMessage).toMatch(/ERROR: \[\d+\]/);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('a drill fails when a file of the backup is damaged, and says so of the backup', async () => {
    const files = globSync(`${repository}/backup/gatehouse/${backup.label}/pg_data/base/**/*.gz`);
    const [largest = ''] = files.sort((a, b) => statSync(b).size - statSync(a).size);
    truncateSync(largest, 10);
    const requestId = uuidv7();
    const started = await rig.startDrill(backup.backupId, [before], { requestId });
    const drill = await rig.endedDrill(started.restoreDrillId);
    expect(drill).toMatchObject({ status: FAILED, restoredUntil: undefined, recoveryTimeMs: 0n });
    expect(drill.errorMessage).toMatch(/^pgBackRest restore ended with \d+: ERROR: \[\d+\]/);
    expect(readdirSync(scratch)).toEqual([]);
    expect(await rig.rows('select verification_status from ops.backup_execution_log')).toEqual([
      { verification_status: 'failed' },
    ]);
    expect(await rig.rows('select is_verified from ops.recovery_points')).toEqual([{ is_verified: false }]);
    const events = await rig.eventsOf(requestId);
    expect(events.map(({ eventType }) => eventType)).toEqual(['restore_drill.started', 'restore_drill.failed']);
    await waitFor(async () => (await rig.metric('ops_restore_drills_total', 'status="failed"')) === 2);
  });
});

describe('a restore drill', () => {
  let tool: FakePgBackRest;
  let rig: Rig;
  let backupId: string;

  beforeAll(async () => {
    tool = fakePgBackRest();
    rig = await startRig({ env: tool.env });
    backupId = await storeBackup(rig, 'completed', LABEL);
  });
  afterAll(async () => {
    await rig?.stop();
    tool?.remove();
  });

  it('of a backup that does not exist is refused', async () => {
    await expect(rig.startDrill(randomUUID())).rejects.toMatchObject({ kind: 'missing', reason: 'BACKUP_NOT_FOUND' });
  });

  it('of a backup that failed is refused', async () => {
    const failed = await storeBackup(rig, 'failed');
    await expect(rig.startDrill(failed)).rejects.toMatchObject({
      kind: 'precondition',
      reason: 'BACKUP_NOT_COMPLETED',
    });
  });

  it('keeps others out until it has ended, even when they are asked for at the same time', async () => {
    const answers = await Promise.allSettled([1, 2, 3, 4, 5].map(() => rig.startDrill(backupId)));
    const [drill, ...more] = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? answer.reason : []));
    expect(more.length + refused.length).toBe(4);
    for (const error of refused) {
      expect(error).toMatchObject({ kind: 'precondition', reason: 'RESTORE_DRILL_IN_PROGRESS' });
    }
    // The program restores nothing, so there is no Postgres to start.
    await expect(rig.endedDrill(drill?.restoreDrillId ?? '')).resolves.toMatchObject({ status: FAILED });
  });

  it.each([
    ['a backup id that is none', { backupId: 'x', witnessUserIds: [] }, 'backup_id'],
    ['no backup id', { backupId: '', witnessUserIds: [] }, 'backup_id'],
    ['a witness id that is none', { witnessUserIds: ['x'] }, 'witness_user_ids[0]'],
    ['too many witnesses', { witnessUserIds: Array.from({ length: 101 }, () => randomUUID()) }, 'witness_user_ids'],
    ['a witness twice', { witnessUserIds: [NOBODY, NOBODY] }, 'witness_user_ids'],
  ])('is refused with %s, and the field is named', async (_, request, field) => {
    await expect(rig.operator.startRestoreDrill({ backupId, ...request })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: expect.arrayContaining([expect.objectContaining({ field: expect.stringContaining(field) })]),
    });
  });
});

describe('without what a restore drill needs', () => {
  it.each([
    ['pgBackRest is not configured', { GATEHOUSE_OPS_PGBACKREST_CONFIG: '' }, /GATEHOUSE_OPS_PGBACKREST_CONFIG/],
    ['no scratch directory is named', { GATEHOUSE_OPS_SCRATCH_DIRECTORY: '' }, /GATEHOUSE_OPS_SCRATCH_DIRECTORY/],
  ])('it is refused when %s', async (_, env, message) => {
    const tool = fakePgBackRest();
    const rig = await startRig({ env: { ...tool.env, ...env } });
    const backupId = await storeBackup(rig, 'completed', LABEL);
    await expect(rig.startDrill(backupId)).rejects.toMatchObject({
      kind: 'precondition',
      reason: 'PGBACKREST_NOT_CONFIGURED',
      message: expect.stringMatching(message),
    });
    await rig.stop();
    tool.remove();
  });

  it('it is refused when the scratch directory lies in the data directory of the cluster', async () => {
    const tool = fakePgBackRest();
    const inside = join(tool.directory, 'data/scratch');
    const rig = await startRig({ env: { ...tool.env, GATEHOUSE_OPS_SCRATCH_DIRECTORY: inside } });
    await expect(rig.startDrill(await storeBackup(rig, 'completed', LABEL))).rejects.toMatchObject({
      reason: 'PGBACKREST_NOT_CONFIGURED',
      message: expect.stringMatching(/data directory/),
    });
    expect(existsSync(inside)).toBe(false);
    await rig.stop();
    tool.remove();
  });

  it('it is refused as UNAVAILABLE while Redis is gone', async () => {
    const tool = fakePgBackRest();
    const redis = await startRedis();
    const rig = await startRig({ env: tool.env, redis });
    const backupId = await storeBackup(rig, 'completed', LABEL);
    await redis.kill();
    await waitFor(() =>
      rig.startDrill(backupId).catch((error: { reason?: string }) => error.reason === 'REDIS_UNAVAILABLE'),
    );
    expect(await rig.rows(`select id from ops.restore_drills where status in ('pending', 'running')`)).toEqual([]);
    await rig.stop();
    await redis.stop();
    tool.remove();
  });

  it('it is refused as UNAVAILABLE while Postgres is gone', async () => {
    const tool = fakePgBackRest();
    const { postgres, database } = await ownPostgres();
    const rig = await startRig({ env: tool.env, database });
    await postgres.kill();
    const unavailable = { kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' };
    await expect(rig.startDrill(randomUUID())).rejects.toMatchObject(unavailable);
    await rig.stop();
    await postgres.stop();
    tool.remove();
  });
});
