import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { collectText } from './bounded-text.ts';
import { type Launch, signalGroup, spawnOptions } from './launch.ts';

/** Most of what a program answers; more is an error. */
const STDOUT_MAX = 16 * 1024 * 1024;
/** Most of what it says went wrong; what came last is kept. */
const STDERR_MAX = 64 * 1024;
/** How long a program may take to end when it was asked to. */
const END_TIMEOUT_MS = 1_500;

export interface CommandOptions {
  readonly launch: Launch;
  /** Ends the program when it is aborted. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** How a program ended. */
export interface Ended {
  /** Undefined when it was ended by a signal. */
  readonly exitCode: number | undefined;
  /** Whether it was ended because it took too long. */
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, without a shell. Rejects when it can't be started or answers too much. */
export function runCommand(
  file: string,
  args: readonly string[],
  { launch, signal, timeoutMs }: CommandOptions,
): Promise<Ended> {
  signal.throwIfAborted();
  const child = spawn(file, args, { ...spawnOptions(launch), stdio: ['ignore', 'pipe', 'pipe'] });
  const stdout = collectText(child.stdout as Readable, STDOUT_MAX, 'start');
  const stderr = collectText(child.stderr as Readable, STDERR_MAX, 'end');
  let timedOut = false;
  let killing: NodeJS.Timeout | undefined;
  const end = () => {
    if (child.pid === undefined || killing) return;
    const { pid } = child;
    signalGroup(pid, 'SIGTERM');
    killing = setTimeout(() => signalGroup(pid, 'SIGKILL'), END_TIMEOUT_MS);
  };
  const limit = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  return new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (stdout.cut) return reject(new Error(`${file} answered more than ${STDOUT_MAX} characters.`));
      resolve({ exitCode: code ?? undefined, timedOut, stdout: stdout.text, stderr: stderr.text });
    });
  }).finally(() => {
    clearTimeout(limit);
    clearTimeout(killing);
    signal.removeEventListener('abort', end);
  });
}
