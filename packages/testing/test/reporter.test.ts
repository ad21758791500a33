import { describe, expect, it } from 'vitest';
import { type FixtureRun, runFixtures } from './vitest-run.ts';

/** Each is run once, however many tests look at it. */
const runs = new Map<string, Promise<FixtureRun>>();
const ran = (args: readonly string[]): Promise<FixtureRun> => {
  const run = runs.get(args.join(' ')) ?? runFixtures(args);
  runs.set(args.join(' '), run);
  return run;
};

describe('the last line of a test run', () => {
  it.each([
    ['what passes', ['passes'], '1 passed, 0 failed, 0 skipped', 0],
    ['every outcome, a broken group among them', ['every-outcome'], '1 passed, 2 failed, 2 skipped', 1],
    ['a file that can not be loaded', ['does-not-load', 'passes'], '1 passed, 1 failed, 0 skipped', 1],
    ['an error outside of any test', ['unhandled'], '1 passed, 1 failed, 0 skipped', 1],
    ['a file that is not there', ['no-such-file'], '0 passed, 1 failed, 0 skipped', 1],
    ['a name that no test has', ['passes', '-t', 'no such test'], '0 passed, 1 failed, 1 skipped', 1],
  ])('counts %s, and the exit code agrees', async (_title, args, expected, code) => {
    const { exitCode, lastLine } = await ran(args);
    expect({ lastLine, exitCode }).toEqual({ lastLine: expected, exitCode: code });
  });
});

it('a run whose set-up fails counts as one failure', async () => {
  const { exitCode, output, lastLine } = await runFixtures(['passes'], 'broken-set-up.config.ts');
  expect({ lastLine, exitCode }).toEqual({ lastLine: '0 passed, 1 failed, 0 skipped', exitCode: 1 });
  expect(output).toContain('there is no Postgres to be had');
});

it('says nothing but the last line about what passes', async () => {
  expect((await ran(['passes'])).output).toBe('1 passed, 0 failed, 0 skipped\n');
});

it('shows the error of what fails, with what the test printed, and why a test was skipped', async () => {
  const { output } = await ran(['every-outcome']);
  expect(output).toContain('every-outcome.fixture.ts > fails');
  expect(output).toContain('a failing test is heard');
  expect(output).toContain('expected 1 to be 2');
  expect(output).toMatch(/^skipped .* > is skipped: there is no pgBackRest here$/m);
});
