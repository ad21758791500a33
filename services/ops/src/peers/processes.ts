import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** How long processes may take to vanish after a signal. */
const GONE_TIMEOUT_MS = 3_000;
const POLL_MS = 20;
const PROCESSES = '/proc';

/**
 * Ends every process that has a path below the directory, or the directory itself, among its arguments: a Postgres at
 * once, without writing anything. Without /proc it does nothing.
 */
export async function endProcessesUsing(directory: string): Promise<void> {
  for (const signal of ['SIGQUIT', 'SIGKILL'] as const) {
    const pids = await processesUsing(directory);
    if (pids.length === 0) return;
    for (const pid of pids) send(pid, signal);
    await goneWithin(directory, GONE_TIMEOUT_MS);
  }
}

async function goneWithin(directory: string, timeoutMs: number): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (performance.now() < giveUpAt && (await processesUsing(directory)).length > 0) await delay(POLL_MS);
}

async function processesUsing(directory: string): Promise<number[]> {
  if (!existsSync(`${PROCESSES}/self/cmdline`)) return [];
  const names = (await readdir(PROCESSES)).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const using = await Promise.all(
    names.map(async (name) => {
      const commandLine = await readFile(`${PROCESSES}/${name}/cmdline`, 'utf8').catch(() => '');
      return commandLine.split('\0').some((argument) => mentions(argument, directory));
    }),
  );
  return names.filter((_, index) => using[index]).map(Number);
}

/** Whether an argument such as `-D`, `--pg1-path=/x` or `/x/data` names the directory or something in it. */
function mentions(argument: string, directory: string): boolean {
  const value = argument.slice(Math.max(0, argument.indexOf('/')));
  return value === directory || value.startsWith(`${directory}/`);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
