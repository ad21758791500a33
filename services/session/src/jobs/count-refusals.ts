import { ownSource, type Trail } from '@gatehouse/mesh';
import {
  type AnonymousRefusals,
  type DecisionPoint,
  type RefusalTally,
  refusalTally,
} from '../domain/refusal-tally.ts';

/** For how long refusals are counted before the trail is told. Milliseconds. */
export const COUNTED_FOR_MS = 60_000;

/**
 * Counts them, and tells the trail once a minute, with one event for each door: one for each refusal would let anybody fill
 * the trail, and hide in it what matters.
 */
export function startCountingRefusals(trail: Trail, now: () => Date): AnonymousRefusals & { stop(): void } {
  const tallies = new Map<DecisionPoint, RefusalTally>();
  let since = now();
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    clearTimeout(timer);
    timer = undefined;
    const times = { since: since.toISOString(), until: now().toISOString() };
    for (const [at, tally] of tallies) {
      const attributes = { door: at, ...times, ...attributesOf(tally) };
      trail.observe(ownSource('session'), { type: 'anonymous_requests.refused', status: 'denied', attributes });
    }
    tallies.clear();
  };
  return {
    count(at, reason, address) {
      if (!trail.observes('denied')) return;
      if (timer === undefined) {
        since = now();
        timer = setTimeout(tell, COUNTED_FOR_MS);
      }
      const tally = tallies.get(at) ?? refusalTally();
      tallies.set(at, tally);
      tally.count(reason, address);
    },
    stop: tell,
  };
}

function attributesOf(tally: RefusalTally): Record<string, string> {
  const addresses = tally.addresses().map(([address, times], index) => {
    const place = String(index + 1).padStart(2, '0');
    return [`address_${place}`, `${address} ${times}`] as const;
  });
  return {
    count: String(tally.total),
    reasons: tally
      .reasons()
      .map(([reason, times]) => `${reason} ${times}`)
      .join(', '),
    ...Object.fromEntries(addresses),
  };
}
