import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { storeEnvironment } from '../src/config.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** For a test that runs fixtures: each run starts a vitest of its own. */
export const FIXTURE_TIMEOUT_MS = 60_000;

export interface FixtureRun {
  readonly exitCode: number;
  readonly output: string;
  readonly lastLine: string;
}

/** Runs vitest on fixtures, as `npm test` would, and answers all that it printed and how it ended. */
export async function runFixtures(args: readonly string[], configuration = 'vitest.config.ts'): Promise<FixtureRun> {
  const config = join(import.meta.dirname, 'fixtures', configuration);
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', root, '--config', config, ...args],
    { cwd: root, env: { PATH: storeEnvironment().path, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { exitCode, output: stdout + stderr, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '' };
}
