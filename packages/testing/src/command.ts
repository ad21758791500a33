import { spawn } from 'node:child_process';
import { storeEnvironment } from './config.ts';
import type { OsUser } from './os-user.ts';
import { CALL_LIMIT_MS } from './patience.ts';

/** How much of a command's output is kept; what comes after it is dropped. */
const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

export interface CommandOptions {
  /** The account it runs as; by default that of this process. */
  readonly user?: OsUser | undefined;
  /** Its folder, which that account must be able to reach. */
  readonly directory: string;
  readonly timeoutMs?: number;
}

/** Runs a program to its end and answers its standard output. Throws with what it printed when it fails or takes too long. */
export function command(file: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const child = spawn(file, args, {
    cwd: options.directory,
    env: storeProcessEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? CALL_LIMIT_MS,
    killSignal: 'SIGKILL',
    ...accountOf(options.user),
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      if (output[stream].length < OUTPUT_LIMIT_BYTES) output[stream] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      if (code === 0) return resolve(output.stdout);
      const printed = `${output.stderr}${output.stdout}`.trim();
      reject(new Error(`${file} ${args[0] ?? ''} ended with ${killedBy ?? `exit code ${code}`}: ${printed}`));
    });
  });
}

/** The uid and gid for spawn; nothing when the process keeps its own account. */
export function accountOf(user: OsUser | undefined): { uid?: number; gid?: number } {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

/** A clean environment: no PG* variable of the caller may steer the server or its tools somewhere else. */
export function storeProcessEnvironment(): NodeJS.ProcessEnv {
  return { PATH: storeEnvironment().path, LC_ALL: 'C', TZ: 'UTC' };
}
