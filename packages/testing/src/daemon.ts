import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { accountOf, storeProcessEnvironment } from './command.ts';
import { standGuard } from './guard.ts';
import type { OsUser } from './os-user.ts';
import { CALL_LIMIT_MS } from './patience.ts';
import { childrenOf, gone, isRunning, signal } from './process-tree.ts';
import { isOfTier } from './vitest/tier-in-force.ts';

/** How many characters of the log an error repeats. */
const LOG_TAIL_CHARACTERS = 2000;
/** How long a process may take to vanish after SIGKILL. */
const KILL_TIMEOUT_MS = CALL_LIMIT_MS;

export interface DaemonOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly directory: string;
  /** Gets what the process prints; what an earlier run printed is overwritten. */
  readonly logFile: string;
  readonly user?: OsUser | undefined;
  /** Asks the process to stop when the one that started it has died. */
  readonly stopSignal: 'INT' | 'TERM';
  /** Removed as well when the one that started it has died. */
  readonly removeOnOrphan?: string | undefined;
}

/** A server process in a session of its own, so that a Ctrl-C on the terminal reaches only the one that started it. */
export interface Daemon {
  readonly pid: number;
  running(): boolean;
  /** The end of what it printed. */
  logTail(): string;
  /** Sends the signal and answers whether the process ended in time. */
  stop(name: NodeJS.Signals, timeoutMs: number): Promise<boolean>;
  /** Ends it and its children without giving them a chance to tidy up. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Call once it has ended: tells the guard that there is nothing left to look after. */
  release(): Promise<void>;
}

/** Starts a server process. It ends, together with its guard, even when this process is killed outright. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  if (isOfTier('unit')) throw new Error('A test of the tier unit starts no server program. See CONTRIBUTING.md.');
  const log = openSync(options.logFile, 'w', 0o600);
  const child = spawn(options.file, options.args, {
    cwd: options.directory,
    env: storeProcessEnvironment(),
    stdio: ['ignore', log, log],
    detached: true,
    ...accountOf(options.user),
  });
  closeSync(log);
  const pid = await started(child);
  // Nothing here waits for it through the event loop, so a forgotten store does not keep a finished process alive.
  child.unref();
  const guard = standGuard(pid, options.stopSignal, options.removeOnOrphan);
  return {
    pid,
    running: () => isRunning(pid),
    logTail: () => readFileSync(options.logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS),
    stop: (name, timeoutMs) => {
      signal(pid, name);
      return gone([pid], timeoutMs);
    },
    kill: () => killTree(pid),
    pause: () => pauseTree(pid),
    resume: () => resumeTree(pid),
    release: () => guard.release(),
  };
}

function started(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid as number));
  });
}

/** The parent is stopped first, so that it can't make a child that nobody has listed. */
async function killTree(pid: number): Promise<void> {
  signal(pid, 'SIGSTOP');
  const everyone = [pid, ...childrenOf(pid)];
  for (const each of everyone) signal(each, 'SIGKILL');
  if (!(await gone(everyone, KILL_TIMEOUT_MS))) throw new Error(`Process ${pid} is still there after SIGKILL.`);
}

function pauseTree(pid: number): void {
  signal(pid, 'SIGSTOP');
  for (const child of childrenOf(pid)) signal(child, 'SIGSTOP');
}

function resumeTree(pid: number): void {
  for (const child of childrenOf(pid)) signal(child, 'SIGCONT');
  signal(pid, 'SIGCONT');
}
