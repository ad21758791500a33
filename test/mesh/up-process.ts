import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '@gatehouse/testing';
import { terminalEnvironment } from './config.ts';

export const ROOT = join(import.meta.dirname, '../..');
/** What `up` prints when everything runs, for people and for machines. */
const READY = /Ctrl-C stops everything|"ready":true/;

/** `gatehouse up` in a process of its own, as a person has it in a terminal. */
export interface UpProcess {
  readonly child: ChildProcess;
  /** All that it has printed. */
  output(): string;
  /** Resolves when everything runs. */
  ready(): Promise<void>;
  /** How it ended. */
  ended(): Promise<number | NodeJS.Signals | null>;
}

export function spawnUp(home: string, ...args: string[]): UpProcess {
  return spawnGatehouse(home, 'up', ...args);
}

/** A command of the command line, as `up` is. */
export function spawnGatehouse(home: string, ...args: string[]): UpProcess {
  const child = spawn(process.execPath, ['cli/src/main.ts', ...args], {
    cwd: ROOT,
    env: { ...terminalEnvironment(), GATEHOUSE_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part));
  const end = once(child, 'close').then(([code, signal]) => code ?? signal);
  return {
    child,
    output: () => text,
    ready: async () => {
      await waitFor(() => READY.test(text) || child.exitCode !== null);
      if (!READY.test(text)) throw new Error(`up ended:\n${text}`);
    },
    ended: () => end,
  };
}

/** Processes that have to do with a folder: it stands in their arguments or environment. */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && pid !== String(process.pid))
    .flatMap((pid) => {
      try {
        const parts = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
        return parts.some((text) => text.includes(folder)) ? [`${pid} ${parts[0]?.replaceAll('\0', ' ')}`] : [];
      } catch {
        // It ended meanwhile, or belongs to somebody else.
        return [];
      }
    });
}
