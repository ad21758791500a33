import { setTimeout as delay } from 'node:timers/promises';

/** How long an aborted statement has to stop before its connection is given up. */
const CANCEL_GRACE_MS = 1_000;
/** A request that overtakes the statement finds nothing to cancel, so it is repeated until the statement has left. */
const CANCEL_REPEAT_MS = 50;

/**
 * Stops a statement whose caller has left. Resolves with true when it has left the connection and no cancel request is
 * under way that could hit the next one; with false when that can't be had in time.
 */
export async function stopStatement(
  left: Promise<void>,
  requestCancel: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const giveUp = new AbortController();
  const limit = setTimeout(() => giveUp.abort(), CANCEL_GRACE_MS);
  let hasLeft = false;
  const leaving = left.then(() => {
    hasLeft = true;
  });
  try {
    while (!hasLeft) {
      await requestCancel(giveUp.signal);
      await Promise.race([leaving, delay(CANCEL_REPEAT_MS, undefined, { signal: giveUp.signal })]);
    }
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(limit);
    giveUp.abort();
  }
}
