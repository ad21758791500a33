import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { liveHolder } from './holder.mjs';
import { say } from './processes.mjs';

const POLL_MS = 100;
/** Longer than the slowest installation. */
const WAIT_TIMEOUT_MS = 15 * 60 * 1000;

/** Runs `work` while no other bootstrap of this checkout installs or generates anything. `tell` hears that it waits. */
export async function withCheckoutLock(root, work, tell = say) {
  const file = join(root, '.gatehouse', 'bootstrap.lock');
  const giveUpAt = performance.now() + WAIT_TIMEOUT_MS;
  let told = false;
  while (!takeLock(file)) {
    if (!told) tell('Waiting for another npm script, which is setting up this checkout …');
    told = true;
    if (performance.now() > giveUpAt) throw new Error(`Another process holds ${file} and does not let go of it.`);
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * Takes a lock file for this process and answers whether it has. The file appears with the pid in it, and one whose
 * process has died is taken over. Removing the file gives the lock back.
 */
export function takeLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid}\n`);
  try {
    if (link(own, file)) return true;
    if (liveHolder(file) !== undefined) return false;
    // Two may find the lock dead at once, and the slower must not remove what the faster has just taken. Moving it is
    // something that only one of them can do, and what it moved is looked at again.
    const moved = `${own}.moved`;
    if (!rename(file, moved)) return link(own, file);
    const mistaken = liveHolder(moved) !== undefined;
    if (mistaken) link(moved, file);
    rmSync(moved, { force: true });
    return mistaken ? false : link(own, file);
  } finally {
    rmSync(own, { force: true });
  }
}

function link(existing, file) {
  return succeeds(() => linkSync(existing, file), 'EEXIST');
}

function rename(from, to) {
  return succeeds(() => renameSync(from, to), 'ENOENT');
}

/** False for the one error that only says that somebody else was faster. */
function succeeds(work, expected) {
  try {
    work();
    return true;
  } catch (error) {
    if (error.code === expected) return false;
    throw error;
  }
}
