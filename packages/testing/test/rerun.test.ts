import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { testFixtures } from './vitest-run.ts';

const SEED = String(process.pid);
const mark = join(tmpdir(), `gatehouse-flaky-${SEED}`);
afterEach(() => rmSync(mark, { force: true }));

it('tries a file that failed once more, alone, and names what passed then', async () => {
  const { output, lastLine, exitCode } = await testFixtures(['flaky', 'passes'], { GATEHOUSE_TEST_SEED: SEED });
  expect({ lastLine, exitCode }).toEqual({ lastLine: '3 passed, 0 failed, 0 skipped', exitCode: 0 });
  expect(output).toMatch(/^flaky: .*flaky\.fixture\.ts > fails only the first time$/m);
  expect(output).not.toContain('flaky: packages/testing/test/fixtures/passes');
  expect(output).toContain(`GATEHOUSE_TEST_SEED=${SEED}`);
});

it('fails what fails both times', async () => {
  const { output, lastLine, exitCode } = await testFixtures(['every-outcome']);
  expect({ lastLine, exitCode }).toEqual({ lastLine: '1 passed, 2 failed, 2 skipped', exitCode: 1 });
  expect(output).not.toContain('flaky:');
});
