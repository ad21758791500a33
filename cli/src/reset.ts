import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataHomeElsewhere } from '@gatehouse/testing';
import { liveHolder } from '../bootstrap/holder.mjs';
import { takeLock } from '../bootstrap/lock.mjs';

/** How deep below its folder `up` keeps pid files: `<folder>/<store>/<data>/<name>.pid` at most. */
const PID_FILE_DEPTH = 3;
/** How long what is left of a dead `up` may take to stop before it is killed. */
const STOP_TIMEOUT_MS = 5000;
const POLL_MS = 50;
/** A store that still writes while its folder is removed makes the removal fail; it is repeated this often. */
const REMOVE_ATTEMPTS = 5;

/**
 * Removes all that `gatehouse up` keeps in a folder, after stopping what an `up` that died has left running. Throws,
 * and touches nothing, while an `up` or the installation of the checkout is still running.
 */
export async function reset(home: string): Promise<void> {
  const upLock = join(home, 'up.lock');
  // Held until it goes with the folder, so that no `up` starts on data that is being removed.
  if (!takeLock(upLock)) {
    throw new Error(`gatehouse up is running here (process ${liveHolder(upLock)}). Stop it before npm run reset.`);
  }
  const bootstrap = liveHolder(join(home, 'bootstrap.lock'));
  if (bootstrap !== undefined) {
    rmSync(upLock, { force: true });
    throw new Error(`Another npm script is setting up this checkout (process ${bootstrap}).`);
  }
  // The data is in one or the other, as the checkout could be reached from the stores' account at the time or not.
  const folders = [home, dataHomeElsewhere(home)].filter((folder) => existsSync(folder));
  const pidFiles = folders.flatMap((folder) => pidFilesIn(folder, PID_FILE_DEPTH));
  // Services first: a Postgres whose clients go away by themselves has less to complain about.
  const servicesFirst = pidFiles.toSorted((a, b) => Number(isPostgres(a)) - Number(isPostgres(b)));
  for (const file of servicesFirst) await stopHolder(file);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: REMOVE_ATTEMPTS });
}

function pidFilesIn(folder: string, depth: number): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name.endsWith('.pid')) return [path];
    return entry.isDirectory() && depth > 1 ? pidFilesIn(path, depth - 1) : [];
  });
}

function isPostgres(pidFile: string): boolean {
  return basename(pidFile) === 'postmaster.pid';
}

async function stopHolder(pidFile: string): Promise<void> {
  const pid = liveHolder(pidFile);
  if (pid === undefined) return;
  // To Postgres, SIGTERM means to wait for its clients; its data is about to go, so it may stop at once.
  signal(pid, isPostgres(pidFile) ? 'SIGQUIT' : 'SIGTERM');
  const giveUpAt = performance.now() + STOP_TIMEOUT_MS;
  while (liveHolder(pidFile) === pid) {
    if (performance.now() > giveUpAt) return signal(pid, 'SIGKILL');
    await sleep(POLL_MS);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
