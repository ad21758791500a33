import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** The ids of the processes whose parent is `pid`. */
export function childrenOf(pid: number): number[] {
  return processes()
    .filter((process) => process.parent === pid)
    .map((process) => process.pid);
}

/** The ids of the processes whose command line holds `text`. */
export function processesWith(text: string): number[] {
  return processes()
    .filter(({ pid }) => pid !== process.pid && commandLine(pid).includes(text))
    .map(({ pid }) => pid);
}

/** Sends a signal to a process; one that has gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until none of the processes runs. A zombie runs nothing, so it counts as gone. Answers whether they are. */
export async function gone(pids: readonly number[], timeoutMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + timeoutMs;
  while (pids.some(isRunning)) {
    if (performance.now() > giveUpAt) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/**
 * Whether the process is there and does something. A zombie does nothing, unless only its first thread has ended: the
 * others then still hold its files and sockets.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (!existsSync('/proc/self/stat')) return true;
  return (readStat(pid)?.state ?? 'Z') !== 'Z' || threadsOf(pid) > 1;
}

function threadsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
}

function processes(): ProcessEntry[] {
  if (!existsSync('/proc/self/stat')) return listed();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: readStat(Number(name))?.parent ?? 0 }));
}

/** The state letter and the parent. The name before them is in parentheses and may itself hold spaces. */
function readStat(pid: number): { state: string; parent: number } | undefined {
  const text = read(`/proc/${pid}/stat`);
  const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return state === undefined || parent === undefined ? undefined : { state, parent: Number(parent) };
}

function commandLine(pid: number): string {
  if (existsSync('/proc/self/stat')) return read(`/proc/${pid}/cmdline`);
  return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Systems without /proc have a ps that is always there. */
function listed(): ProcessEntry[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}
