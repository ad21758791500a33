import { setTimeout as sleep } from 'node:timers/promises';

const WAIT_TIMEOUT_MS = 10_000;
const WAIT_EVERY_MS = 20;
/** How much of the condition's source an error repeats. */
const CONDITION_CHARACTERS = 120;

/**
 * Asks until the condition answers something truthy, and answers that. A condition that throws counts as not met yet.
 * Rejects after `timeoutMs` (default 10 000) with the last error as its cause; a condition that hangs is given up as well.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = WAIT_TIMEOUT_MS, everyMs = WAIT_EVERY_MS } = options;
  const giveUp = new AbortController();
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
  try {
    const first = await Promise.race([asked.then((answer) => ({ answer })), timedOut]);
    if (first !== 'timed out' && first.answer) return first.answer;
  } finally {
    giveUp.abort();
  }
  throw new Error(`Not met within ${timeoutMs} ms: ${sourceOf(condition)}`, { cause });
}

function sourceOf(condition: () => unknown): string {
  return condition.toString().replace(/\s+/g, ' ').slice(0, CONDITION_CHARACTERS);
}
