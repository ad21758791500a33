import { beforeAll, expect, it } from 'vitest';
import { type FixtureRun, runFixtures } from './vitest-run.ts';

let run: FixtureRun;
beforeAll(async () => {
  run = await runFixtures(['hangs', 'never-stops', 'never-yields', 'passes']);
});

it('ends a test that hangs at its limit, stops what it does, and goes on with the next test and the next file', () => {
  // One test of each file: the second of "hangs" has seen that the first had stopped.
  expect(run.lastLine).toBe('2 passed, 5 failed, 0 skipped');
  expect(run.exitCode).toBe(1);
  expect(run.output).toMatch(/^FAIL .*hangs\.fixture\.ts > waits for what never comes$/m);
  expect(run.output).toContain('The test took over 2000 ms, which is a hang.');
});

it('runs nothing of a file beside a test that can not be stopped', () => {
  expect(run.output).toMatch(/^FAIL .*never-stops\.fixture\.ts > would run beside it$/m);
  expect(run.output).toContain('Not run, because "waits for what nobody can end" of the same file has not stopped.');
});

it('ends a test that never gives the event loop back, and runs nothing of its file after it', () => {
  expect(run.output).toMatch(/^FAIL .*never-yields\.fixture\.ts > computes without end$/m);
  expect(run.output).toContain('Not run, because "computes without end" of the same file has not stopped.');
});
