import { linkSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/** How often a lock of the dead is tried to be taken over. */
const TAKE_OVER_TRIES = 3;

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
    for (let tries = 0; tries < TAKE_OVER_TRIES; tries++) {
      if (liveHolder(file) !== undefined) return false;
      const taken = takeOver(own, file);
      if (taken !== undefined) return taken;
    }
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Replaces the lock of one who has died. Several may find it dead at once, so only the one that holds a second lock may, and
 * looks at the first again: what it replaces is then never the lock of somebody who lives, and the file is never away for
 * others to make. Undefined when it has to be tried again: the first lock has changed hands, or the holder of the second, which
 * is gone then, has died.
 */
function takeOver(own, file) {
  const turn = `${file}.turn`;
  if (!link(own, turn)) {
    if (liveHolder(turn) !== undefined) return false;
    rmSync(turn, { force: true });
    return undefined;
  }
  try {
    const found = inodeOf(file);
    // Whoever has taken it over before this one may have given it back already.
    if (found === undefined) return link(own, file);
    if (liveHolder(file) !== undefined) return false;
    if (inodeOf(file) !== found) return undefined;
    renameSync(own, file);
    return true;
  } finally {
    rmSync(turn, { force: true });
  }
}

function inodeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

function link(existing, file) {
  return succeeds(() => linkSync(existing, file), 'EEXIST');
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
