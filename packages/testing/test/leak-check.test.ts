import { expect, it, vi } from 'vitest';
import { startRedis, waitFor } from '../src/index.ts';
import { isRunning } from '../src/process-tree.ts';
import { FIXTURE_TIMEOUT_MS, runFixtures } from './vitest-run.ts';

vi.setConfig({ testTimeout: FIXTURE_TIMEOUT_MS });

it('fails a file that leaves handles behind, and says what they are and who opened them', async () => {
  const { exitCode, output, lastLine } = await runFixtures(['leaves-handles']);
  expect(exitCode).toBe(1);
  expect(lastLine).toBe('1 passed, 1 failed, 0 skipped');
  for (const kind of ['1 × TCPServerWrap', '2 × TCPSocketWrap', '1 × Timeout', '1 × ProcessWrap']) {
    expect(output).toContain(kind);
  }
  expect(output).toMatch(/Timeout at .*leaves-handles\.fixture\.ts:\d+/);
  expect(output).toMatch(/PROCESSWRAP at .*leaves-handles\.fixture\.ts:\d+/);
});

it('fails a file that leaves a store running, and stops the store', async () => {
  const { exitCode, output } = await runFixtures(['leaves-store']);
  expect(exitCode).toBe(1);
  expect(output).toMatch(/Redis on port \d+ was not stopped/);
  const pid = Number(/pid of the Redis: (\d+)/.exec(output)?.[1]);
  expect(pid).toBeGreaterThan(0);
  await waitFor(() => !isRunning(pid));
});

it('passes a file that closes what it opened, even a little late', async () => {
  const { exitCode, lastLine } = await runFixtures(['tidies-up']);
  expect(lastLine).toBe('1 passed, 0 failed, 0 skipped');
  expect(exitCode).toBe(0);
});

it('is in force in this file', async () => {
  // A store that is stopped leaves nothing; the check after this file fails it otherwise.
  await using redis = await startRedis();
  expect(redis.running).toBe(true);
});
