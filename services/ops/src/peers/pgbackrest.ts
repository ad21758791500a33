import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Failure } from '@gatehouse/failure';
import type { BackupType } from '../domain/backup.ts';
import { type PgBackRestSettings, parseSettings } from '../domain/pgbackrest-settings.ts';
import { errorText } from '../domain/tool-output.ts';
import { runCommand } from './command.ts';
import type { Launch } from './launch.ts';
import { BACKUP_ID_ANNOTATION, parseRepository, type Repository } from './repository.ts';

/** pgBackRest, for one stanza. What it refuses arrives as Failure `precondition` PGBACKREST_FAILED with its own words. */
export interface PgBackRest {
  readonly launch: Launch;
  /** Why it can't be used; undefined when it can. */
  whyNot(): Promise<string | undefined>;
  /** What its configuration says of the cluster. */
  settings(): Promise<PgBackRestSettings>;
  /** Makes a backup that is marked with the id. Throws Failure `conflict` PGBACKREST_LOCKED while another is made. */
  backup(type: BackupType, backupId: string, signal: AbortSignal): Promise<void>;
  repository(signal: AbortSignal): Promise<Repository>;
  /** Restores a backup into an empty directory, to replay the whole archive from there. */
  restore(label: string, into: RestoreDirectories, signal: AbortSignal): Promise<void>;
  /** Program and arguments that fetch a WAL segment; `%f` and `%p` are left for Postgres. */
  fetchSegment(into: RestoreDirectories): readonly string[];
}

/** Where a restore puts what it restores, and what it needs meanwhile. */
export interface RestoreDirectories {
  readonly data: string;
  readonly tablespaces: string;
  readonly locks: string;
}

export interface PgBackRestOptions {
  readonly launch: Launch;
  readonly file: string;
  readonly configFile: string;
  readonly stanza: string;
  readonly backupTimeoutMs: number;
  readonly restoreTimeoutMs: number;
}

const INFO_TIMEOUT_MS = 60_000;
const EXIT_LOCKED = 50;
const TYPE_NAMES: Readonly<Record<BackupType, string>> = { full: 'full', differential: 'diff', incremental: 'incr' };
/** Standard output carries answers only, and what went wrong is on standard error. */
const LOG_TO_STDERR = ['--log-level-console=off', '--log-level-stderr=warn', '--no-log-timestamp'];

export function openPgBackRest(options: PgBackRestOptions): PgBackRest {
  const { launch, file, configFile, stanza } = options;
  const selectors = [`--config=${configFile}`, `--stanza=${stanza}`, ...LOG_TO_STDERR];
  const settings = async () => parseSettings(await readFile(configFile, 'utf8'), stanza);

  const run = async (command: string, args: readonly string[], timeoutMs: number, signal: AbortSignal) => {
    const all = [command, ...selectors, ...args];
    const ended = await runCommand(file, all, { launch, signal, timeoutMs }).catch((error: Error) => {
      throw signal.aborted ? error : failed(`${command} could not be run: ${error.message}`);
    });
    signal.throwIfAborted();
    if (ended.timedOut) throw failed(`${command} took more than ${timeoutMs} ms and was stopped.`);
    if (ended.exitCode === 0) return ended.stdout;
    const { secrets } = await settings();
    const said = errorText(ended.stderr, secrets);
    if (ended.exitCode === EXIT_LOCKED) throw new Failure('conflict', 'PGBACKREST_LOCKED', said);
    throw failed(`${command} ended with ${ended.exitCode ?? 'a signal'}: ${said}`);
  };

  return {
    launch,
    settings,
    async whyNot() {
      const canRead = await access(configFile, constants.R_OK).then(
        () => true,
        () => false,
      );
      if (!canRead) return `The configuration of pgBackRest, ${configFile}, can't be read.`;
      const found = await isExecutable(file, launch.path);
      return found ? undefined : `The program ${file} is not installed.`;
    },
    async backup(type, backupId, signal) {
      const args = [`--type=${TYPE_NAMES[type]}`, `--annotation=${BACKUP_ID_ANNOTATION}=${backupId}`];
      await run('backup', args, options.backupTimeoutMs, signal);
    },
    async repository(signal) {
      return parseRepository(await run('info', ['--output=json'], INFO_TIMEOUT_MS, signal), stanza);
    },
    async restore(label, { data, tablespaces, locks }, signal) {
      const args = [
        `--set=${label}`,
        // To the end of the archive. Postgres promotes itself there: no other target action can be given with it.
        '--type=default',
        '--archive-mode=off',
        `--pg1-path=${data}`,
        `--tablespace-map-all=${tablespaces}`,
        // A real restore or backup that takes place meanwhile has its locks to itself.
        `--lock-path=${locks}`,
        '--no-delta',
        '--log-level-file=off',
      ];
      await run('restore', args, options.restoreTimeoutMs, signal);
    },
    fetchSegment: ({ data, locks }) => [
      file,
      ...selectors,
      `--pg1-path=${data}`,
      `--lock-path=${locks}`,
      // Fetching ahead would share its queue and its lock with the archiving of the running cluster.
      '--no-archive-async',
      '--log-level-file=off',
      'archive-get',
      '%f',
      '%p',
    ],
  };
}

function failed(said: string): Failure {
  return new Failure('precondition', 'PGBACKREST_FAILED', `pgBackRest ${said}`);
}

async function isExecutable(file: string, path: string): Promise<boolean> {
  const candidates = file.includes('/') ? [file] : path.split(delimiter).map((folder) => join(folder, file));
  const found = await Promise.allSettled(candidates.map((candidate) => access(candidate, constants.X_OK)));
  return found.some(({ status }) => status === 'fulfilled');
}
