import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a test file has cost: milliseconds until its tests could begin and after they had ended, and of the tests. */
export interface FileTime {
  readonly setUpMs: number;
  readonly testsMs: number;
}

export type FileTimes = Readonly<Record<string, FileTime>>;

/** Where the times of the last runs are kept; `npm run reset` removes them. */
function fileOf(root: string): string {
  return join(root, '.gatehouse', 'test-times.json');
}

/** The times of the last run of each file, by its path; none when there has been no run, or its file can't be read. */
export function readFileTimes(root: string): FileTimes {
  const file = fileOf(root);
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as FileTimes;
  } catch {
    return {};
  }
}

/** Keeps the times of a run; those of files that were not in it stay as they were. */
export function writeFileTimes(root: string, times: FileTimes): void {
  const file = fileOf(root);
  const all = Object.entries({ ...readFileTimes(root), ...times }).sort(([a], [b]) => (a < b ? -1 : 1));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`);
}

export function totalMs({ setUpMs, testsMs }: FileTime): number {
  return setUpMs + testsMs;
}
