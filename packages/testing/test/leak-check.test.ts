import { beforeAll, expect, it } from 'vitest';
import { startRedis, waitFor } from '../src/index.ts';
import { isRunning } from '../src/process-tree.ts';
import { type FixtureRun, runFixtures } from './vitest-run.ts';

/** One worker takes all of them, one after the other. */
let run: FixtureRun;
beforeAll(async () => {
  run = await runFixtures(['leaves-handles', 'leaves-retrying', 'leaves-store', 'tidies-up']);
});

const failed = (fixture: string) => new RegExp(`^FAIL .*${fixture}\\.fixture\\.ts`, 'm').test(run.output);

it('fails each file that leaves something behind and no other, whatever the one before has left', () => {
  expect(run.lastLine).toBe('4 passed, 3 failed, 0 skipped');
  expect(run.exitCode).toBe(1);
  for (const fixture of ['leaves-handles', 'leaves-retrying', 'leaves-store'])
    expect(failed(fixture), fixture).toBe(true);
  expect(failed('tidies-up')).toBe(false);
});

it('says what a file has left open, and who opened it', () => {
  for (const kind of ['1 × TCPSERVERWRAP', '1 × TCPWRAP', '1 × Timeout', '1 × PROCESSWRAP']) {
    expect(run.output).toContain(kind);
  }
  expect(run.output).toMatch(/Timeout at .*leaves-handles\.fixture\.ts:\d+/);
  expect(run.output).toMatch(/PROCESSWRAP at .*leaves-handles\.fixture\.ts:\d+/);
});

it('stops a store that was left running', async () => {
  expect(run.output).toMatch(/Redis on port \d+ was not stopped/);
  const pid = Number(/pid of the Redis: (\d+)/.exec(run.output)?.[1]);
  expect(pid).toBeGreaterThan(0);
  await waitFor(() => !isRunning(pid));
});

it('is in force in this file', async () => {
  // A store that is stopped leaves nothing; the check after this file fails it otherwise.
  await using redis = await startRedis();
  expect(redis.running).toBe(true);
});
