import { drive } from '../load/drive.ts';
import type { Histogram } from '../load/histogram.ts';
import type { Exchange } from '../load/pump.ts';
import type { Target } from '../load/target.ts';
import type { Figure } from '../row.ts';
import type { Stage } from '../stages.ts';

/** Far beyond the staleness bound: what is not seen by then never will be. */
const GIVE_UP_MS = 10_000;
/** Longer than any work here takes. */
const LOAD_MS = 3_600_000;

/** Does the work while the target, once it is warm, is under full load. Rejects when an answer of the load is wrong. */
export async function underLoad(
  { signal, warmUpMs }: Pick<Stage, 'signal' | 'warmUpMs'>,
  target: Target,
  exchanges: readonly Exchange[],
  work: () => Promise<void>,
): Promise<void> {
  const over = new AbortController();
  const options = { warmUpMs, signal: AbortSignal.any([signal, over.signal]), cpuMs: () => undefined };
  await drive(target, exchanges, { ...options, runMs: 0 });
  const load = drive(target, exchanges, { ...options, runMs: LOAD_MS }).catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  try {
    await Promise.race([work(), load.then(() => Promise.reject(new Error('The load ended before its time.')))]);
  } finally {
    over.abort();
    await load;
  }
}

/**
 * How long after a change was asked for a question was first answered as it is after the change: from the moment in which
 * the change is sent to the moment in which that question is sent. Microseconds.
 */
export async function delayUs(change: () => Promise<unknown>, isSeen: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  const acknowledged = change();
  // Awaited below; until then a failure must not end the process.
  acknowledged.catch(() => {});
  for (;;) {
    const askedAt = performance.now();
    if (askedAt - startedAt > GIVE_UP_MS) throw new Error(`A change was not seen within ${GIVE_UP_MS} ms.`);
    if (!(await isSeen())) continue;
    await acknowledged;
    return (askedAt - startedAt) * 1000;
  }
}

/** The median and the 99th percentile of such delays, with the aim of the latter. */
export function delayFigures(name: string, delays: Histogram, aimMs: number): Figure[] {
  return [0.5, 0.99].map((share) => ({
    name: `${name}, p${share * 100}`,
    value: delays.percentile(share) / 1000,
    unit: 'ms' as const,
    aim: aimMs,
    aimIs: 'at most' as const,
  }));
}
