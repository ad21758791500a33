import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { aroundEach } from 'vitest';
import { STOP_LIMIT_MS, TEST_LIMIT_MS } from '../patience.ts';
import { type FileScope, runInTest } from '../running-test.ts';

/**
 * Ends each test of the file that reaches the limit, and waits until it has stopped before the next one begins. One that
 * does not stop takes the rest of its file with it: what it still does would be blamed on the tests that follow.
 */
export function limitTests(file: FileScope, limitMs: number = TEST_LIMIT_MS): void {
  let stuck: string | undefined;
  aroundEach(async (runTest, { task }) => {
    if (stuck !== undefined) throw new Error(`Not run, because "${stuck}" of the same file has not stopped.`);
    const over = new AbortController();
    // Inside it the runner catches what the test throws, so that this promise says only when the test has stopped.
    // It begins in a turn of its own, when the limit is there already: one that never yields is ended with its whole turn.
    const running = nextTurn()
      .then(() => runInTest(file, over.signal, runTest))
      .then(() => 'stopped' as const);
    if ((await within(running, limitMs)) === 'stopped') return;
    const reason = new Error(`The test took over ${limitMs} ms, which is a hang.`);
    over.abort(reason);
    if ((await within(running, Math.min(limitMs, STOP_LIMIT_MS))) !== 'stopped') stuck = task.name;
    throw reason;
  });
}

async function within<T>(work: Promise<T>, limitMs: number): Promise<T | undefined> {
  const late = new AbortController();
  const limit = sleep(limitMs, undefined, { signal: late.signal, ref: false }).catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    late.abort();
  }
}
