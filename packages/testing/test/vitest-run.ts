import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { storeEnvironment } from '../src/config.ts';

const root = join(import.meta.dirname, '..', '..', '..');

export interface FixtureRun {
  readonly exitCode: number;
  readonly output: string;
  readonly lastLine: string;
}

/** Runs vitest on fixtures in one worker, without what `npm test` does around it, and answers all that it printed. */
export function runFixtures(args: readonly string[], configuration = 'vitest.config.ts'): Promise<FixtureRun> {
  return runScript('node_modules/vitest/vitest.mjs', ['run', ...args], configuration);
}

/** Runs fixtures as `npm test` runs tests. */
export function testFixtures(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<FixtureRun> {
  return runScript('tools/run-tests.ts', args, 'vitest.config.ts', env);
}

async function runScript(
  script: string,
  args: readonly string[],
  configuration: string,
  env: NodeJS.ProcessEnv = {},
): Promise<FixtureRun> {
  const config = join(import.meta.dirname, 'fixtures', configuration);
  const child = spawn(process.execPath, [join(root, script), ...args, '--root', root, '--config', config], {
    cwd: root,
    env: { PATH: storeEnvironment().path, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { exitCode, output: stdout + stderr, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '' };
}
