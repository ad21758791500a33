import { join } from 'node:path';
import { command } from '../command.ts';
import type { OsUser } from '../os-user.ts';
import { partPath } from '../part-path.ts';
import { gone, processesWith, signal } from '../process-tree.ts';
import { makePrivateDirectory, writePrivateFile } from './cluster.ts';

const STANZA = 'gatehouse';
/** WAL that can't be archived is dropped beyond this, so that a dead repository never fills the disk or holds up a stop. */
const ARCHIVE_QUEUE = '256MiB';
/** How long one push may wait for its repository. */
const ARCHIVE_PUSH_TIMEOUT_SECONDS = 10;
/** How many full backups the repository keeps. */
const FULL_BACKUPS_KEPT = 4;
/** How long a background push may take to end when its server has stopped. */
const LEFTOVER_TIMEOUT_MS = 3000;

/** Backups of one cluster, made by pgBackRest into a repository beside the data. */
export interface PgBackRest {
  readonly file: string;
  readonly configFile: string;
  readonly stanza: string;
  readonly repositoryDirectory: string;
  /** The account that owns the cluster, as which pgBackRest has to run; undefined for that of this process. */
  readonly user: OsUser | undefined;
  /** For Postgres' archive_command. */
  readonly archiveCommand: string;
  /** Runs pgBackRest, as in `run(['backup', '--type=full'])`, and answers its standard output. */
  run(args: readonly string[], options?: { timeoutMs?: number }): Promise<string>;
  /** Ends what pgBackRest does in the background for this cluster. */
  stopBackground(): Promise<void>;
}

/** Whether pgBackRest is installed. */
export function pgBackRestAvailable(): boolean {
  return partPath('pgbackrest') !== undefined;
}

export interface PgBackRestOptions {
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly port: number;
  readonly user: OsUser | undefined;
}

/** Writes pgBackRest's configuration for a cluster. The stanza is made with `run(['stanza-create'])` once it runs. */
export function configurePgBackRest(options: PgBackRestOptions): PgBackRest {
  const file = partPath('pgbackrest');
  if (file === undefined) throw new Error('pgBackRest is not installed, so WAL can not be archived.');
  const home = `${options.dataDirectory}.pgbackrest`;
  const repositoryDirectory = join(home, 'repository');
  const configFile = join(home, 'pgbackrest.conf');
  for (const directory of [home, repositoryDirectory, ...['spool', 'log', 'lock'].map((name) => join(home, name))]) {
    makePrivateDirectory(directory, options.user);
  }
  writePrivateFile(configFile, configuration(home, repositoryDirectory, options), options.user);
  const selectors = [`--config=${configFile}`, `--stanza=${STANZA}`];
  return {
    file,
    configFile,
    stanza: STANZA,
    repositoryDirectory,
    user: options.user,
    archiveCommand: `"${file}" "--config=${configFile}" --stanza=${STANZA} archive-push %p`,
    run: (args, { timeoutMs } = {}) =>
      command(file, [...args, ...selectors], {
        user: options.user,
        directory: home,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      }),
    stopBackground: () => stopProcessesOf(configFile),
  };
}

/** The repository is a folder beside the data: what can't be read there at once can't be read after a pause either. */
function configuration(home: string, repositoryDirectory: string, options: PgBackRestOptions): string {
  return `[global]
repo1-path=${repositoryDirectory}
repo1-retention-full=${FULL_BACKUPS_KEPT}
spool-path=${join(home, 'spool')}
log-path=${join(home, 'log')}
lock-path=${join(home, 'lock')}
log-level-console=warn
log-level-file=info
start-fast=y
job-retry=0
archive-async=y
archive-push-queue-max=${ARCHIVE_QUEUE}

[global:archive-push]
archive-timeout=${ARCHIVE_PUSH_TIMEOUT_SECONDS}

[${STANZA}]
pg1-path=${options.dataDirectory}
pg1-port=${options.port}
pg1-socket-path=${options.socketDirectory}
pg1-user=postgres
`;
}

async function stopProcessesOf(configFile: string): Promise<void> {
  const pids = processesWith(configFile);
  for (const pid of pids) signal(pid, 'SIGTERM');
  if (await gone(pids, LEFTOVER_TIMEOUT_MS)) return;
  for (const pid of pids) signal(pid, 'SIGKILL');
}
