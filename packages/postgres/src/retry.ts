import { setTimeout as delay } from 'node:timers/promises';
import { untilAborted } from './abort.ts';
import { conflict, isTransient } from './errors.ts';
import type { Execution } from './execute.ts';

/** How often one transaction or statement is run at most, counting the first time. */
export const TRANSACTION_ATTEMPTS = 5;
/** The pause before the second attempt; it doubles with each. */
const FIRST_PAUSE_MS = 10;

/**
 * Runs what conflicts with others again, after a short random pause: a serialization failure or a deadlock means that
 * nothing was done. Past TRANSACTION_ATTEMPTS rejects with Failure `conflict`. Every other error rises at once.
 */
export async function withRetries<T>({ metrics, signal }: Execution, attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (attempts >= TRANSACTION_ATTEMPTS) throw conflict(error);
    }
    metrics.retried();
    await untilAborted(delay(FIRST_PAUSE_MS * 2 ** (attempts - 1) * (0.5 + Math.random())), signal);
  }
}
