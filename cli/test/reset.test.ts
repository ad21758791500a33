import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataHome, dataHomeElsewhere, startPostgres, startRedis, waitFor } from '@gatehouse/testing';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { reset } from '../src/reset.ts';

const home = mkdtempSync(join(tmpdir(), 'gatehouse-reset-'));
afterAll(() => rmSync(home, { recursive: true }));
let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(home, 'checkout-'));
  folder = join(root, '.gatehouse');
});

it('does nothing where there is nothing', async () => {
  await reset(join(root, '.gatehouse'));
  expect(existsSync(folder)).toBe(false);
});

it('removes the data, wherever it is', async () => {
  const elsewhere = dataHomeElsewhere(folder);
  for (const each of [folder, elsewhere]) {
    mkdirSync(each);
    writeFileSync(join(each, 'data'), '');
  }
  await reset(join(root, '.gatehouse'));
  expect(existsSync(folder)).toBe(false);
  expect(existsSync(elsewhere)).toBe(false);
});

it('refuses while gatehouse up runs there, and touches nothing', async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'up.lock'), `${process.pid}\n`);
  writeFileSync(join(folder, 'data'), '');
  await expect(reset(join(root, '.gatehouse'))).rejects.toThrow(
    `gatehouse up is running here (process ${process.pid})`,
  );
  expect(existsSync(join(folder, 'data'))).toBe(true);
});

it('refuses while the checkout is being set up, and lets go of it', async () => {
  mkdirSync(folder);
  const bootstrap = join(folder, 'bootstrap.lock');
  writeFileSync(bootstrap, `${process.pid}\n`);
  await expect(reset(join(root, '.gatehouse'))).rejects.toThrow('Another npm script is setting up this checkout');
  rmSync(bootstrap);
  await reset(join(root, '.gatehouse'));
  expect(existsSync(folder)).toBe(false);
});

it('stops what a dead up has left running, one that will not listen included', async () => {
  mkdirSync(join(folder, 'run'), { recursive: true });
  const polite = leave('polite', 'setInterval(() => {}, 1000)');
  const deaf = leave('deaf', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("deaf")');
  if (deaf.stdout === null) throw new Error('The child has no output.');
  await once(deaf.stdout, 'data');
  const [politeEnd, deafEnd] = [once(polite, 'exit'), once(deaf, 'exit')];
  writeFileSync(join(folder, 'up.lock'), '999999999\n');
  await reset(join(root, '.gatehouse'));
  expect(await politeEnd).toEqual([null, 'SIGTERM']);
  expect(await deafEnd).toEqual([null, 'SIGKILL']);
  expect(existsSync(folder)).toBe(false);
});

it('leaves alone a process that has merely been given the number of one that died', async () => {
  mkdirSync(join(folder, 'run'), { recursive: true });
  const innocent = leave('innocent', 'setInterval(() => {}, 1000)');
  const anHourAgo = Date.now() / 1000 - 3600;
  utimesSync(join(folder, 'run', 'innocent.pid'), anHourAgo, anHourAgo);
  await reset(join(root, '.gatehouse'));
  expect(innocent.exitCode).toBeNull();
  expect(innocent.signalCode).toBeNull();
  innocent.kill('SIGKILL');
  await once(innocent, 'exit');
});

it('stops real stores that were left running, before it removes their data', async () => {
  chmodSync(home, 0o755);
  chmodSync(root, 0o755);
  const data = dataHome(folder);
  const [postgres, redis] = await Promise.all([
    startPostgres({ dataDirectory: join(data, 'postgres') }),
    startRedis({ directory: join(data, 'redis') }),
  ]);
  try {
    await reset(join(root, '.gatehouse'));
    await waitFor(() => !postgres.running && !redis.running);
    expect(existsSync(folder)).toBe(false);
  } finally {
    await Promise.all([postgres.stop(), redis.stop()]);
  }
});

/** Starts a process and writes its pid file as `up` would. */
function leave(name: string, script: string): ChildProcess {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  writeFileSync(join(folder, 'run', `${name}.pid`), `${child.pid}\n`);
  return child;
}
