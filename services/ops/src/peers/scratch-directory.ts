import { chmod, chown, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { OsAccount } from './os-account.ts';
import type { RestoreDirectories } from './pgbackrest.ts';
import { endProcessesUsing } from './processes.ts';

/** The directory of one drill. Only the owner of the cluster can enter it. */
export interface ScratchDirectory extends RestoreDirectories {
  readonly path: string;
  /** Where its socket is. */
  readonly sockets: string;
  /** An empty file: every setting is given on the command line. */
  readonly configFile: string;
  readonly hostAccessFile: string;
}

/** A Unix socket's path has at most 107 bytes, and the socket's own name needs some of them. */
const SOCKET_DIRECTORY_BYTES_MAX = 90;
/** Holds the sockets of drills whose own path is too long for one. */
const SHORT_FOLDER = '/tmp';

/** So many digits at the end of a drill's id name its directory, which keeps its path short. */
const ID_DIGITS = 12;
const NAME = new RegExp(`^drill-([0-9a-f]{${ID_DIGITS}})$`);

/** Makes the directory of a drill, without what an attempt before may have left. */
export async function makeScratch(
  root: string,
  drillId: string,
  owner: OsAccount,
  databaseUser: string,
): Promise<ScratchDirectory> {
  await makeRoot(root, owner);
  await removeScratch(root, drillId);
  const path = scratchPath(root, drillId);
  const sockets = socketPath(root, drillId);
  const [data, tablespaces, locks] = ['data', 'tablespaces', 'locks'].map((name) => join(path, name)) as Three;
  const configFile = join(path, 'postgresql.conf');
  const hostAccessFile = join(path, 'pg_hba.conf');
  const directories = [...new Set([path, sockets, data, tablespaces, locks])];
  for (const directory of directories) await mkdir(directory, { mode: 0o700 });
  await writeFile(configFile, '', { mode: 0o600 });
  // There is no way in but the socket, and whoever can reach that could read the files as well.
  await writeFile(hostAccessFile, `local all "${databaseUser.replaceAll('"', '""')}" trust\n`, { mode: 0o600 });
  for (const each of [...directories, configFile, hostAccessFile]) await giveTo(owner, each);
  return { path, sockets, data, tablespaces, locks, configFile, hostAccessFile };
}

/** Removes the directory of a drill, after ending whatever still runs in it. */
export async function removeScratch(root: string, drillId: string): Promise<void> {
  const path = scratchPath(root, drillId);
  // Programs that were given the path that a link leads to know it by that name.
  for (const name of new Set([path, await realpath(path).catch(() => path)])) await endProcessesUsing(name);
  // The directory itself goes last: it is what tells that there is something left.
  for (const each of [socketPath(root, drillId), path]) await rm(each, { recursive: true, force: true, maxRetries: 5 });
}

/** The last twelve digits of the ids of the drills that have a directory. */
export async function listScratch(root: string): Promise<string[]> {
  const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.flatMap((name) => NAME.exec(name)?.[1] ?? []);
}

function scratchPath(root: string, drillId: string): string {
  return join(root, `drill-${drillId.slice(-ID_DIGITS)}`);
}

function socketPath(root: string, drillId: string): string {
  const path = scratchPath(root, drillId);
  if (Buffer.byteLength(path) <= SOCKET_DIRECTORY_BYTES_MAX) return path;
  return join(SHORT_FOLDER, `gatehouse-drill-${drillId.slice(-ID_DIGITS)}`);
}

/** Makes the root if nobody has. The folders above it are nobody's secret: its owner passes them, whatever the umask. */
async function makeRoot(root: string, owner: OsAccount): Promise<void> {
  const parent = dirname(root);
  const topmost = await mkdir(parent, { recursive: true });
  for (let made = parent; topmost !== undefined && made.startsWith(topmost); made = dirname(made)) {
    await chmod(made, 0o755);
  }
  try {
    await mkdir(root, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  await giveTo(owner, root);
}

async function giveTo({ uid, gid }: OsAccount, path: string): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, uid, gid);
}

type Three = [string, string, string];
