import { setTimeout as sleep } from 'node:timers/promises';
import { CONDITION_LIMIT_MS } from './patience.ts';
import { currentSignal } from './running-test.ts';

const WAIT_EVERY_MS = 20;
/** How much of the condition's source an error repeats. */
const CONDITION_CHARACTERS = 120;

/**
 * Asks until the condition answers something truthy, and answers that. A condition that throws counts as not met yet.
 * Rejects after `timeoutMs` (default CONDITION_LIMIT_MS) with the last error as its cause; a condition that hangs is given
 * up as well. Rejects at once when the test that waits is over.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = CONDITION_LIMIT_MS, everyMs = WAIT_EVERY_MS } = options;
  const giveUp = new AbortController();
  const testIsOver = currentSignal();
  const stop = Promise.withResolvers<never>();
  const stopNow = () => stop.reject(testIsOver?.reason);
  testIsOver?.addEventListener('abort', stopNow);
  if (testIsOver?.aborted) stopNow();
  let cause: unknown;
  const asked = (async () => {
    while (!giveUp.signal.aborted) {
      try {
        const answer = await condition();
        if (answer) return answer;
        cause = undefined;
      } catch (error) {
        cause = error;
      }
      await sleep(everyMs, undefined, { signal: giveUp.signal });
    }
    return undefined;
  })();
  const timedOut = sleep(timeoutMs, 'timed out' as const, { signal: giveUp.signal });
  // Whichever loses the race is aborted below; its rejection says nothing.
  asked.catch(() => {});
  timedOut.catch(() => {});
  stop.promise.catch(() => {});
  try {
    const first = await Promise.race([asked.then((answer) => ({ answer })), timedOut, stop.promise]);
    if (first !== 'timed out' && first.answer) return first.answer;
  } finally {
    testIsOver?.removeEventListener('abort', stopNow);
    giveUp.abort();
  }
  throw new Error(`Not met within ${timeoutMs} ms: ${sourceOf(condition)}`, { cause });
}

function sourceOf(condition: () => unknown): string {
  return condition.toString().replace(/\s+/g, ' ').slice(0, CONDITION_CHARACTERS);
}
