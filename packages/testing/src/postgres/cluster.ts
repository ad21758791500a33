import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findPostgres } from '../binaries.mjs';
import { command } from '../command.ts';
import { storeEnvironment } from '../config.ts';
import type { OsUser } from '../os-user.ts';
import { pristineCluster } from '../test-stores.ts';

/** A data directory that is ready to be started, and what it takes to do so. */
export interface Cluster {
  /** Folder of the server's binaries, of the major version that made the data. */
  readonly binaries: string;
  readonly dataDirectory: string;
  readonly adminPassword: string;
}

/**
 * Who may connect: over TCP whoever has a password, over the socket whoever reaches it. The socket lies in a folder that
 * only the cluster's own account can enter; pgBackRest connects there.
 */
const HOST_BASED_AUTHENTICATION = `local all all trust
local replication all trust
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
`;

/** Makes a data directory, or takes the one that is there. The password stays beside it, readable by its owner only. */
export async function prepareCluster(dataDirectory: string, user: OsUser | undefined): Promise<Cluster> {
  const passwordFile = passwordFileOf(dataDirectory);
  const found = existsSync(join(dataDirectory, 'PG_VERSION'));
  const binaries = binariesFor(found ? readFileSync(join(dataDirectory, 'PG_VERSION'), 'utf8').trim() : undefined);
  const pristine = found ? undefined : pristineCluster();
  if (pristine !== undefined) await copyCluster(pristine, dataDirectory, user);
  else if (!found) await initialise({ binaries, dataDirectory, passwordFile, user });
  return { binaries, dataDirectory, adminPassword: readFileSync(passwordFile, 'utf8').trim() };
}

/** Copies a data directory that no server has, with its password: much quicker than making one. */
async function copyCluster(from: string, dataDirectory: string, user: OsUser | undefined): Promise<void> {
  makePrivateDirectory(dataDirectory, user);
  writePrivateFile(passwordFileOf(dataDirectory), readFileSync(passwordFileOf(from), 'utf8'), user);
  const copy = ['-a', '--reflink=auto', `${from}/.`, dataDirectory];
  await command('cp', copy, { user, directory: dataDirectory });
}

/** The file beside a data directory that holds the superuser's password. */
export function passwordFileOf(dataDirectory: string): string {
  return `${dataDirectory}.password`;
}

/** Makes a folder that only the given account, or else this process, can enter. */
export function makePrivateDirectory(directory: string, user: OsUser | undefined): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  if (user !== undefined) chownSync(directory, user.uid, user.gid);
}

/** Writes a file that only the given account, or else this process, can read. */
export function writePrivateFile(file: string, text: string, user: OsUser | undefined): void {
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  if (user !== undefined) chownSync(file, user.uid, user.gid);
}

function binariesFor(major: string | undefined): string {
  const installed = findPostgres(storeEnvironment().path);
  const fitting = major === undefined ? installed[0] : installed.find((each) => String(each.major) === major);
  if (fitting !== undefined) return fitting.directory;
  if (major === undefined) throw new Error('No PostgreSQL server of version 15 or later is installed.');
  throw new Error(
    `The data was made by PostgreSQL ${major}, which is not installed. Install it, or run npm run reset.`,
  );
}

interface Initialisation {
  readonly binaries: string;
  readonly dataDirectory: string;
  readonly passwordFile: string;
  readonly user: OsUser | undefined;
}

/** The data gets its name only once it is whole, so that an interrupted start leaves nothing that looks usable. */
async function initialise({ binaries, dataDirectory, passwordFile, user }: Initialisation): Promise<void> {
  const unfinished = `${dataDirectory}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(dirname(dataDirectory), { recursive: true });
  makePrivateDirectory(unfinished, user);
  writePrivateFile(passwordFile, randomBytes(24).toString('base64url'), user);
  await command(
    join(binaries, 'initdb'),
    [
      ...['-D', unfinished, '--no-sync', '--data-checksums', '--username=postgres', `--pwfile=${passwordFile}`],
      ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-instructions'],
    ],
    { user, directory: unfinished },
  );
  writePrivateFile(join(unfinished, 'pg_hba.conf'), HOST_BASED_AUTHENTICATION, user);
  rmSync(dataDirectory, { recursive: true, force: true });
  renameSync(unfinished, dataDirectory);
}
