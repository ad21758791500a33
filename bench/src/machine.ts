import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { findExecutable } from '@gatehouse/testing/binaries';
import { programPath } from './config.ts';

/** Which processor runs what. */
export interface Cores {
  /** Of the one server that is measured. */
  readonly server: number;
  /** Of the load, and of the stores. */
  readonly load: number;
}

/** Finds a program on the PATH. */
export function findProgram(name: string): string | undefined {
  return findExecutable(name, programPath);
}

/** Two processors that this process may use; undefined when there are not two, or the system does not say. */
export function chooseCores(): Cores | undefined {
  const [server, load] = allowedCores();
  return server === undefined || load === undefined ? undefined : { server, load };
}

/** Puts this process, and what it starts from now on, on one processor. */
export function pinSelf(taskset: string, core: number): void {
  execFileSync(taskset, ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)], { stdio: 'ignore' });
}

/** Names the machine, for whoever reads the figures. */
export function describeMachine(): string {
  const all = cpus();
  return `${all.length} cores, ${all[0]?.model.trim() || 'unknown processor'}, Node ${process.versions.node}`;
}

/** Processor time that a process has used since it began; undefined where the system does not say. Milliseconds. */
export function processorMs(pid: number): number | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  // The name in parentheses may hold spaces. After it come the state and ten more fields, then user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * TICK_MS : undefined;
}

/** The kernel's unit of processor time (USER_HZ) is 1/100 s on every platform that Node runs on. */
const TICK_MS = 10;

/** Reads `0-1,4` as 0, 1, 4. */
export function parseCores(list: string): number[] {
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index),
  );
}

function allowedCores(): number[] {
  return parseCores(/^Cpus_allowed_list:\s*(.+)$/m.exec(readProc('/proc/self/status'))?.[1] ?? '');
}

function readProc(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
