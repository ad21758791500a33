import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { type OsUser, storeUser } from './os-user.ts';

/**
 * The folder that holds the data of stores which belong to `path`. It is `path` itself, except when stores run as an
 * unprivileged user that can't reach it (a checkout below /root or in a folder of mode 0700): then it is a folder of
 * its own under /var/tmp. Makes the folder. Throws when somebody else owns the one under /var/tmp.
 */
export function dataHome(path: string, user: OsUser | undefined = storeUser()): string {
  if (user === undefined || canReach(path, user)) {
    makePassable(path);
    return path;
  }
  return makeOwned(dataHomeElsewhere(path));
}

/** The folder that `dataHome` falls back to for this path, whether or not it is in use. */
export function dataHomeElsewhere(path: string): string {
  const hash = createHash('sha256').update(realPath(path)).digest('hex').slice(0, 12);
  return join('/var/tmp', `gatehouse-${hash}`);
}

/**
 * Where stores that nobody keeps have their data: memory, where there is enough of it as a file system, because making and
 * removing a thousand small files costs a disk more than what is done with them; else the first temporary folder that the
 * stores' user can reach.
 */
export function temporaryHome(user: OsUser | undefined = storeUser()): string {
  const candidates = [...(hasRoom(MEMORY_HOME) ? [MEMORY_HOME] : []), tmpdir(), '/tmp', '/var/tmp'];
  const home = user === undefined ? candidates[0] : candidates.find((candidate) => canReach(candidate, user));
  if (home === undefined) throw new Error(`The account ${user?.name} can reach none of ${candidates.join(', ')}.`);
  return home;
}

/** A file system in memory on Linux. A container's is often too small. */
const MEMORY_HOME = '/dev/shm';
/** What a whole run of tests has there at once is a third of this. */
const MEMORY_BYTES_MIN = 3 * 1024 ** 3;
/** The number by which Linux knows a file system in memory (statfs(2)). */
const TMPFS_MAGIC = 0x01021994;

function hasRoom(folder: string): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(folder);
    accessSync(folder, constants.W_OK);
    return type === TMPFS_MAGIC && bavail * bsize >= MEMORY_BYTES_MIN;
  } catch {
    return false;
  }
}

/** Whether the user may pass through every folder on the way to the path, and through the path itself if it is there. */
export function canReach(path: string, user: OsUser): boolean {
  let folder = realPath(path);
  for (;;) {
    const stats = statSync(folder, { throwIfNoEntry: false });
    if (stats !== undefined && !mayPass(stats, user)) return false;
    if (folder === dirname(folder)) return true;
    folder = dirname(folder);
  }
}

function mayPass(stats: Stats, user: OsUser): boolean {
  if (stats.uid === user.uid) return (stats.mode & 0o100) !== 0;
  if (stats.gid === user.gid) return (stats.mode & 0o010) !== 0;
  return (stats.mode & 0o001) !== 0;
}

/** Follows the links in the part of the path that exists. */
function realPath(path: string): string {
  const absolute = resolve(path);
  if (statSync(absolute, { throwIfNoEntry: false }) !== undefined) return realpathSync(absolute);
  return join(realPath(dirname(absolute)), basename(absolute));
}

/** Makes the folder, and those above it that are missing, so that everybody passes them, whatever the umask. */
function makePassable(folder: string): void {
  const topmost = mkdirSync(folder, { recursive: true });
  for (let made = resolve(folder); topmost !== undefined && made.startsWith(topmost); made = dirname(made)) {
    chmodSync(made, 0o755);
  }
}

/** Anyone may write to /var/tmp, so a folder that is already there is used only if this account made it. */
function makeOwned(folder: string): string {
  makePassable(folder);
  const stats = lstatSync(folder);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.()) {
    throw new Error(
      `${folder} belongs to somebody else. Remove it, or move the checkout to a folder that all can read.`,
    );
  }
  return folder;
}
