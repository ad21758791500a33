import { join } from 'node:path';
import { uuidv7 } from '@gatehouse/process';
import { type PostgresInstance, startPostgres, startRedis, waitFor } from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakePgBackRest, fakePgBackRest, LABEL } from './fake-pgbackrest.ts';
import { COMPLETED, FAILED, FULL, INCREMENTAL, ownPostgres, PENDING, type Rig, RUNNING, startRig } from './rig.ts';

// Services are started and stopped, and runs waited for.
describeWith('pgbackrest', 'with pgBackRest', () => {
  let postgres: PostgresInstance;
  let rig: Rig;

  beforeAll(async () => {
    postgres = await startPostgres({ archive: true });
    const { pgBackRest } = postgres;
    rig = await startRig({
      env: {
        GATEHOUSE_OPS_PGBACKREST_CONFIG: pgBackRest?.configFile ?? '',
        GATEHOUSE_OPS_RUN_AS: pgBackRest?.user?.name ?? '',
        GATEHOUSE_OPS_SCRATCH_DIRECTORY: join(postgres.dataDirectory, '../scratch'),
      },
    });
  });
  afterAll(async () => {
    await rig?.stop();
    await postgres?.stop('immediate');
  });

  it('makes a full backup when there is none to build on, and then an incremental one', async () => {
    const first = await rig.startBackup(INCREMENTAL);
    expect(first).toMatchObject({ type: INCREMENTAL, status: PENDING, label: '', errorMessage: '' });
    const full = await rig.endedBackup(first.backupId);
    expect(full).toMatchObject({ status: COMPLETED, type: FULL, errorMessage: '' });
    expect(full.label).toMatch(/^\d{8}-\d{6}F$/);
    expect(full.backupSizeBytes).toBeGreaterThan(10_000_000n);
    expect(full.compressedSizeBytes).toBeGreaterThan(0n);
    expect(full.compressedSizeBytes).toBeLessThan(full.backupSizeBytes);
    expect(full.walStart).toMatch(/^[0-9A-F]{24}$/);
    expect(full.walStop >= full.walStart).toBe(true);

    const incremental = await rig.endedBackup((await rig.startBackup(INCREMENTAL)).backupId);
    expect(incremental).toMatchObject({ status: COMPLETED, type: INCREMENTAL });
    expect(incremental.label).toMatch(new RegExp(`^${full.label}_\\d{8}-\\d{6}I$`));

    const points = await rig.rows(
      'select recovery_point_name, full_backup_id, is_verified, lsn::text from ops.recovery_points order by id',
    );
    expect(points).toEqual([
      expect.objectContaining({ recovery_point_name: full.label, full_backup_id: full.backupId, is_verified: false }),
      expect.objectContaining({ recovery_point_name: incremental.label, full_backup_id: full.backupId }),
    ]);
  });
});

const who = { actor: 'peer:operator/test', peer: 'operator/test', ipAddress: '127.0.0.1', service: 'ops' };

function about(backupId: string) {
  return { backup_id: backupId, backup_type: 'full' };
}

describe('a backup', () => {
  let tool: FakePgBackRest;
  let rig: Rig;

  beforeEach(async () => {
    tool = fakePgBackRest();
    rig = await startRig({ env: tool.env });
  });
  afterEach(async () => {
    tool.release();
    await rig.stop();
    tool.remove();
  });

  it('is stored with who asked for it, and leaves a trail from its start to its end', async () => {
    const requestId = uuidv7();
    const { backupId } = await rig.startBackup(FULL, { requestId });
    const backup = await rig.endedBackup(backupId);
    expect(backup).toMatchObject({
      status: COMPLETED,
      label: LABEL,
      backupSizeBytes: 4000n,
      compressedSizeBytes: 1000n,
      walStart: '000000010000000000000002',
      walStop: '000000010000000000000003',
    });
    expect(await rig.eventsOf(requestId)).toEqual([
      expect.objectContaining({ eventType: 'backup.started', ...who, attributes: about(backupId) }),
      expect.objectContaining({
        eventType: 'backup.completed',
        ...who,
        attributes: { ...about(backupId), label: LABEL, size_bytes: '4000' },
      }),
    ]);
    const [row] = await rig.rows('select * from ops.backup_execution_log');
    expect(row).toMatchObject({
      requested_by: 'peer:operator/test',
      compression_ratio: '4.000',
      duration_seconds: 2,
      throughput_mbps: '0.002',
      backup_location: `repo1:backup/${LABEL}`,
      retry_count: 0,
    });
    const [configuration] = await rig.rows<{ last_successful_backup: Date }>('select * from ops.backup_configurations');
    expect(configuration).toMatchObject({ last_backup_size_bytes: 4000n, consecutive_failures: 0 });
    // It is counted once the end is committed, which may be seen before.
    await waitFor(async () => (await rig.metric('ops_backups_total', 'type="full"', 'status="completed"')) === 1);
    expect(await rig.metric('ops_backup_duration_seconds_sum', 'type="full"')).toBe(2);
    expect(await rig.metric('ops_last_successful_backup_timestamp_seconds')).toBe(
      (configuration?.last_successful_backup.getTime() ?? 0) / 1000,
    );
  });

  it('fails with what pgBackRest says, without the secrets of its configuration', async () => {
    const says = 'WARN: slow\nERROR: [055]: unable to open file with correct horse\n       HINT: is it there?';
    tool.fail('backup', { exitCode: 55, says });
    const requestId = uuidv7();
    const backup = await rig.endedBackup((await rig.startBackup(FULL, { requestId })).backupId);
    const message =
      'pgBackRest backup ended with 55: ERROR: [055]: unable to open file with [redacted]\n       HINT: is it there?';
    expect(backup).toMatchObject({ status: FAILED, errorMessage: message, label: '' });
    expect(backup.completedAt).toBeInstanceOf(Date);
    const events = await rig.eventsOf(requestId);
    expect(events.map(({ eventType }) => eventType)).toEqual(['backup.started', 'backup.failed']);
    expect(events[1]?.attributes).toMatchObject({ error_code: 'PGBACKREST_FAILED', error_message: message });
    expect(await rig.rows('select consecutive_failures from ops.backup_configurations')).toEqual([
      { consecutive_failures: 1 },
    ]);
    await waitFor(async () => (await rig.metric('ops_backups_total', 'type="full"', 'status="failed"')) === 1);
  });

  it('fails when pgBackRest makes one that its repository does not list', async () => {
    tool.make(undefined);
    const backup = await rig.endedBackup((await rig.startBackup()).backupId);
    expect(backup).toMatchObject({ status: FAILED, errorMessage: expect.stringMatching(/does not list it/) });
  });

  it('that holds damaged pages says so, although it is complete', async () => {
    tool.make({ error: true });
    const backup = await rig.endedBackup((await rig.startBackup()).backupId);
    expect(backup).toMatchObject({ status: COMPLETED, label: LABEL, errorMessage: expect.stringMatching(/damaged/) });
  });

  it('keeps others out until it has ended, even when they are asked for at the same time', async () => {
    tool.hold();
    const answers = await Promise.allSettled([1, 2, 3, 4, 5].map(() => rig.startBackup()));
    const started = answers.filter(({ status }) => status === 'fulfilled');
    expect(started).toHaveLength(1);
    for (const answer of answers) {
      if (answer.status === 'rejected') {
        expect(answer.reason).toMatchObject({ kind: 'precondition', reason: 'BACKUP_IN_PROGRESS' });
      }
    }
    const [backup] = started.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    await waitFor(async () => (await rig.getBackup(backup?.backupId ?? '')).status === RUNNING);
    await expect(rig.startBackup()).rejects.toMatchObject({ reason: 'BACKUP_IN_PROGRESS' });
    tool.release();
    await rig.endedBackup(backup?.backupId ?? '');
    expect(await rig.rows('select count(*)::int as events from ops.outbox')).toEqual([{ events: 2 }]);
    await expect(rig.startBackup()).resolves.toMatchObject({ status: PENDING });
  });

  it.each([
    ['no type', 0],
    ['a type that is not known', 9],
  ])('is refused with %s, and the field is named', async (_, type) => {
    await expect(rig.operator.startBackup({ type: type as typeof FULL })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'type' })],
    });
  });
});

describe('without what a backup needs', () => {
  it('it is refused with the reason that whoever started the mesh gave', async () => {
    const why = 'pgBackRest is not installed and apt-get is not there.';
    const rig = await startRig({ env: { GATEHOUSE_OPS_PGBACKREST_REASON: why } });
    const refused = { kind: 'precondition', reason: 'PGBACKREST_NOT_CONFIGURED' };
    await expect(rig.startBackup()).rejects.toMatchObject({ ...refused, message: why });
    expect(await rig.rows('select id from ops.backup_execution_log')).toEqual([]);
    await rig.stop();
  });

  it.each([
    ['the configuration is not there', 'GATEHOUSE_OPS_PGBACKREST_CONFIG', '/nowhere/pgbackrest.conf', /can't be read/],
    ['the program is not there', 'GATEHOUSE_OPS_PGBACKREST_BIN', 'no-such-program', /not installed/],
    ['the account is not there', 'GATEHOUSE_OPS_RUN_AS', 'no-such-account', /no-such-account/],
  ])('it is refused when %s', async (_, variable, value, message) => {
    const tool = fakePgBackRest();
    const rig = await startRig({ env: { ...tool.env, [variable]: value } });
    const refused = { reason: 'PGBACKREST_NOT_CONFIGURED', message: expect.stringMatching(message) };
    await expect(rig.startBackup()).rejects.toMatchObject(refused);
    await rig.stop();
    tool.remove();
  });

  it('it is refused as UNAVAILABLE while Redis is gone, and nothing is in the way of the next one', async () => {
    const tool = fakePgBackRest();
    const redis = await startRedis();
    const rig = await startRig({ env: tool.env, redis });
    await redis.kill();
    const unavailable = { kind: 'unavailable', reason: 'REDIS_UNAVAILABLE' };
    await waitFor(() => rig.startBackup().catch((error: { reason?: string }) => error.reason === 'REDIS_UNAVAILABLE'));
    await expect(rig.startBackup()).rejects.toMatchObject(unavailable);
    await redis.restart();
    const backup = await waitFor(() => rig.startBackup());
    await expect(rig.endedBackup(backup.backupId)).resolves.toMatchObject({ status: COMPLETED });
    await rig.stop();
    await redis.stop();
    tool.remove();
  });

  it('it is refused as UNAVAILABLE when Redis answers no longer, and is not begun later', async () => {
    const tool = fakePgBackRest();
    const redis = await startRedis();
    const rig = await startRig({ env: tool.env, redis });
    // Once one has been made, the connection to the queue is open, and Redis still seems usable for a moment.
    await rig.endedBackup((await rig.startBackup()).backupId);
    await redis.pause();
    await expect(rig.startBackup(FULL, { deadlineMs: Date.now() + 20_000 })).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'REDIS_UNAVAILABLE',
    });
    const [active] = await rig.rows(`select id from ops.backup_execution_log where status in ('pending', 'running')`);
    expect(active).toBeUndefined();
    await redis.resume();
    await waitFor(() => rig.startBackup());
    await rig.stop();
    await redis.stop();
    tool.remove();
  });

  it('it is refused as UNAVAILABLE while Postgres is gone', async () => {
    const tool = fakePgBackRest();
    const { postgres, database } = await ownPostgres();
    const rig = await startRig({ env: tool.env, database });
    await postgres.kill();
    await expect(rig.startBackup()).rejects.toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' });
    await rig.stop();
    await postgres.stop();
    tool.remove();
  });
});
