import { testSettings } from './config.ts';
import { isOfTier } from './vitest/tier-in-force.ts';

/** GATEHOUSE_TEST_ROUNDS=10 runs a random test as often as it says; by default a tenth of that. */
const FULL = 10;
/** In the tier `soak` a test does ten times what it does in full. */
const SOAK = 100;

/** Numbers that look random and are the same for the same seed (mulberry32). */
export interface Chance {
  /** From 0 up to 1. */
  next(): number;
  /** A whole number from 0 to `count - 1`. */
  below(count: number): number;
  /** Whether something happens that does in this share of all cases. */
  happens(share: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** Chance that follows from the seed of the run, which is named with whatever fails and begins the run's output. */
export function seededChance(seed: number = testSettings().seed): Chance {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  return {
    next,
    below,
    happens: (share) => next() < share,
    pick: <T>(from: readonly T[]): T => {
      if (from.length === 0) throw new RangeError('There is nothing to pick from.');
      return from[below(from.length)] as T;
    },
  };
}

/** Any seed that stays. */
const STEADY_SEED = 20_261;

/**
 * Chance for a test that is judged by what is not ours, such as another library or the speed of the machine: a run must not
 * turn red by what nobody has changed. It follows from the same seed in each run, and from that of the run where the whole
 * count is done.
 */
export function steadyChance(): Chance {
  const { rounds: times, seed } = testSettings();
  return seededChance(times >= FULL ? seed : STEADY_SEED);
}

/** How often a random test repeats what it does `full` times with GATEHOUSE_TEST_ROUNDS=10: at least `least` times. */
export function rounds(full: number, least = 1): number {
  const times = testSettings().rounds * (isOfTier('soak') ? SOAK : 1);
  return Math.max(least, Math.ceil((full * times) / FULL));
}

/** What a property of fast-check is run with: so many times, from the seed of the run. */
export function propertyRuns(full: number): { readonly numRuns: number; readonly seed: number } {
  return { numRuns: rounds(full), seed: testSettings().seed };
}
