import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '@gatehouse/failure';
import { errorText } from '../domain/tool-output.ts';
import { collectText } from './bounded-text.ts';
import { type Launch, signalGroup, spawnOptions } from './launch.ts';
import type { ScratchDirectory } from './scratch-directory.ts';

/** A restored cluster that takes queries, over a Unix socket in its directory. */
export interface ScratchPostgres {
  readonly port: number;
  /** The errors in its log. */
  errors(): string;
  /** Ends it. What it holds is thrown away, so nothing is written any more. */
  stop(): Promise<void>;
}

export interface ScratchPostgresOptions {
  /** The server's program. */
  readonly file: string;
  readonly launch: Launch;
  readonly directory: ScratchDirectory;
  /** Program and arguments that fetch a WAL segment, with `%f` and `%p`. */
  readonly fetchSegment: readonly string[];
  /** Most milliseconds for replaying the WAL. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly secrets: readonly string[];
}

/** Part of the socket's name only: each drill has a directory of its own, so the number is always free. */
const PORT = 5432;
const LOG_MAX = 64 * 1024;
const POLL_MS = 25;
const STOP_TIMEOUT_MS = 1_500;
/** Line of postmaster.pid that says how far the server is, counted from 0. */
const STATUS_LINE = 7;

/**
 * Starts a restored cluster and waits until it has replayed its WAL and opened itself. Throws Failure `precondition`
 * RESTORE_FAILED, with the words of its log, when it does not get there.
 */
export async function startScratchPostgres(options: ScratchPostgresOptions): Promise<ScratchPostgres> {
  const { file, launch, directory, signal, timeoutMs, secrets } = options;
  signal.throwIfAborted();
  const child = spawn(file, serverArguments(options), {
    ...spawnOptions(launch),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log = collectText(child.stderr as Readable, LOG_MAX, 'end');
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const errors = () => errorText(log.text, secrets);
  try {
    await ready(child, join(directory.data, 'postmaster.pid'), timeoutMs, signal);
  } catch (error) {
    await stop(child, ended);
    if (signal.aborted) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new Failure('precondition', 'RESTORE_FAILED', `${message} ${errors()}`.trim(), { cause: error });
  }
  return { port: PORT, errors, stop: () => stop(child, ended) };
}

/** All settings are here, because those of the cluster are for another machine's size, files and neighbours. */
function serverArguments({ directory, fetchSegment }: ScratchPostgresOptions): string[] {
  const settings = {
    config_file: directory.configFile,
    hba_file: directory.hostAccessFile,
    ident_file: directory.configFile,
    listen_addresses: '',
    port: String(PORT),
    unix_socket_directories: directory.sockets,
    unix_socket_permissions: '0700',
    restore_command: fetchSegment.map(shellWord).join(' '),
    archive_mode: 'off',
    // Nobody queries it while it replays, so that its limits may be below those of the cluster.
    hot_standby: 'off',
    // But transactions that the cluster had prepared need their room.
    max_prepared_transactions: '1000',
    // A commit would wait for standbys that do not exist.
    synchronous_standby_names: '',
    shared_preload_libraries: '',
    ssl: 'off',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_min_messages: 'warning',
    lc_messages: 'C',
    cluster_name: 'gatehouse-restore-drill',
  };
  return ['-D', directory.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Postgres hands the command to a shell, after it has put in what %f and %p stand for. */
function shellWord(word: string): string {
  if (word === '%f' || word === '%p') return `"${word}"`;
  return `'${word.replaceAll("'", `'\\''`).replaceAll('%', '%%')}'`;
}

async function ready(child: ChildProcess, pidFile: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!(await saysReady(child, pidFile))) {
    signal.throwIfAborted();
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new Error('The restored Postgres ended before it had replayed its WAL.');
    }
    if (performance.now() > giveUpAt) throw new Error(`Replaying the WAL took more than ${timeoutMs} ms.`);
    await delay(POLL_MS);
  }
}

/** The restored files hold no postmaster.pid, so that what is read here is of this very process. */
async function saysReady(child: ChildProcess, pidFile: string): Promise<boolean> {
  const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
  return Number(lines[0]) === child.pid && lines[STATUS_LINE]?.trim() === 'ready';
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const killing = setTimeout(() => signalGroup(pid, 'SIGKILL'), STOP_TIMEOUT_MS);
  // The server tells its own children; the whole group would also hear it from us.
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGQUIT');
  await ended;
  clearTimeout(killing);
}
