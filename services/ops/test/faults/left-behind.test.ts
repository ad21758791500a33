import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createTestDatabase,
  freePort,
  type RedisInstance,
  startRedis,
  startTestService,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakePgBackRest, fakePgBackRest, LABEL } from '../fake-pgbackrest.ts';
import { commandLines } from '../processes.ts';
import {
  COMPLETED,
  FAILED,
  PENDING,
  REQUESTER,
  type Rig,
  RUNNING,
  rigOver,
  startRig,
  storeBackup,
  storeDrill,
} from '../rig.ts';

// Services are started and stopped, and runs waited for.

let tool: FakePgBackRest;
let redis: RedisInstance;
let database: TestDatabase;
let rigs: Rig[];

beforeEach(async () => {
  tool = fakePgBackRest();
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('ops')]);
  rigs = [];
});
afterEach(async () => {
  tool.release();
  for (const rig of rigs) await rig.stop();
  await Promise.all([redis.stop(), database.drop()]);
  tool.remove();
});

const start = async () => {
  const rig = await startRig({ env: tool.env, database, redis });
  rigs.push(rig);
  return rig;
};
const stop = async (rig: Rig) => {
  rigs = rigs.filter((each) => each !== rig);
  await rig.stop();
};
const backupBegun = () => waitFor(() => tool.calls().some((call) => call.startsWith('backup ')));

describe('a backup that was stored', () => {
  it('and never queued is made', async () => {
    const rig = await start();
    const backup = await rig.endedBackup(await storeBackup(rig, 'pending'));
    expect(backup).toMatchObject({ status: COMPLETED, label: LABEL });
    expect(await rig.eventsOf(REQUESTER.requestId)).toEqual([
      expect.objectContaining({ eventType: 'backup.completed', peer: REQUESTER.peer.name }),
    ]);
  });

  it('and begun by a process of which nothing is left is failed, and the next one can start', async () => {
    const rig = await start();
    const backup = await rig.endedBackup(await storeBackup(rig, 'running'));
    expect(backup).toMatchObject({ status: FAILED, errorMessage: expect.stringMatching(/process .* died/) });
    expect(await rig.eventsOf(REQUESTER.requestId)).toEqual([
      expect.objectContaining({
        eventType: 'backup.failed',
        attributes: expect.objectContaining({ error_code: 'RUN_LOST' }),
      }),
    ]);
    await expect(rig.startBackup()).resolves.toMatchObject({ status: PENDING });
  });

  it('stays as it is while Redis can not tell', async () => {
    const rig = await start();
    await redis.kill();
    const backupId = await storeBackup(rig, 'running');
    await sweepPassed(rig);
    await expect(rig.getBackup(backupId)).resolves.toMatchObject({ status: RUNNING });
  });

  it('is not given up by the process that makes it when Redis loses the queue', async () => {
    const rig = await start();
    tool.hold();
    const { backupId } = await rig.startBackup();
    await backupBegun();
    await redis.flush();
    await sweepPassed(rig);
    await sweepPassed(rig);
    await expect(rig.getBackup(backupId)).resolves.toMatchObject({ status: RUNNING });
    tool.release();
    await expect(rig.endedBackup(backupId)).resolves.toMatchObject({ status: COMPLETED });
  });
});

describe('a restore drill that was begun by a process of which nothing is left', () => {
  it('is failed, and its backup is none the worse for it', async () => {
    const rig = await start();
    const backupId = await storeBackup(rig, 'completed', LABEL);
    const drill = await rig.endedDrill(await storeDrill(rig, backupId, 'running'));
    expect(drill).toMatchObject({ status: FAILED, errorMessage: expect.stringMatching(/process .* died/) });
    expect(await rig.rows('select verification_status from ops.backup_execution_log')).toEqual([
      { verification_status: null },
    ]);
  });

  it('leaves a directory and processes, which are removed; those of a drill that is not known stay', async () => {
    const rig = await start();
    const unknown = join(tool.env.GATEHOUSE_OPS_SCRATCH_DIRECTORY ?? '', 'drill-0123456789ab');
    mkdirSync(unknown, { recursive: true });
    const drillId = await storeDrill(rig, await storeBackup(rig, 'completed', LABEL), 'completed');
    const left = leftoverOf(drillId);
    const child = spawn('/bin/sh', ['-c', 'while :; do sleep 0.05; done', join(left, 'data')], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    mkdirSync(left);
    await waitFor(() => !existsSync(left));
    await ended;
    expect(commandLines().filter((line) => line.includes(left))).toEqual([]);
    expect(existsSync(unknown)).toBe(true);
  });
});

describe('a process that ends while it makes a backup', () => {
  it('hands it to the next one when it is stopped, and ends pgBackRest', async () => {
    const first = await start();
    tool.hold();
    const { backupId } = await first.startBackup();
    await backupBegun();
    await stop(first);
    expect(commandLines().filter((line) => line.includes(tool.directory))).toEqual([]);
    tool.release();
    const next = await start();
    await expect(next.endedBackup(backupId)).resolves.toMatchObject({ status: COMPLETED });
  });

  it('is taken over when it is killed: what its pgBackRest still makes is waited for, and counts', async () => {
    const { rig: first, child } = await startChild();
    tool.hold();
    const { backupId } = await first.startBackup();
    await backupBegun();
    const dead = once(child, 'exit');
    child.kill('SIGKILL');
    await dead;
    await stop(first);

    const next = await start();
    const backups = () => tool.calls().filter((call) => call.startsWith('backup ')).length;
    await waitFor(() => backups() > 1);
    await expect(next.getBackup(backupId)).resolves.toMatchObject({ status: RUNNING });
    await expect(next.startBackup()).rejects.toMatchObject({ reason: 'BACKUP_IN_PROGRESS' });
    tool.release();
    await expect(next.endedBackup(backupId)).resolves.toMatchObject({ status: COMPLETED, label: LABEL });
    const [row] = await next.rows<{ retry_count: number }>('select retry_count from ops.backup_execution_log');
    expect(row?.retry_count).toBeGreaterThan(0);
  });
});

function leftoverOf(drillId: string): string {
  return join(tool.env.GATEHOUSE_OPS_SCRATCH_DIRECTORY ?? '', `drill-${drillId.slice(-12)}`);
}

/** Resolves when a sweep that began after this call has removed something, which it does first. */
async function sweepPassed(rig: Rig): Promise<void> {
  const [stored] = await rig.rows<{ id: string }>(`select id from ops.backup_execution_log where label = 'other'`);
  const left = leftoverOf(
    await storeDrill(rig, stored?.id ?? (await storeBackup(rig, 'completed', 'other')), 'failed'),
  );
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, 'file'), '');
  await waitFor(() => !existsSync(left));
}

/** The service in a process of its own, which can be killed. */
async function startChild(): Promise<{ rig: Rig; child: ChildProcess }> {
  const [port, adminPort] = [await freePort(), await freePort()];
  let child: ChildProcess | undefined;
  const service = await startTestService<NodeJS.ProcessEnv>({
    name: 'ops',
    database,
    redis,
    env: {
      ...tool.env,
      GATEHOUSE_LISTEN: `127.0.0.1:${port}`,
      GATEHOUSE_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    },
    main: {
      readConfig: (env) => env,
      async start(env) {
        const file = join(import.meta.dirname, '../../src/main.ts');
        child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
        await once(child, 'message');
        return { port, adminPort, stop: async () => void child?.kill('SIGKILL') };
      },
    },
  });
  if (!child) throw new Error('The service did not start.');
  const rig = rigOver(service);
  rigs.push(rig);
  return { rig, child };
}
