import { shareLoads } from './loads.ts';
import type { Loaded, LookupOptions } from './lookup.ts';
import type { Reading } from './memory.ts';

/** How often a lookup loads again because what it loaded was overtaken while it was loaded. */
const LOAD_ATTEMPTS_MAX = 3;

/**
 * What is known of the place in Redis for what a load finds: the stamp to put it with, or `ask` for one that the load has to
 * get before it reads. Without a stamp it only replaces an older value.
 */
export type Place = { readonly stamp: string | undefined } | 'ask';

/** The layer that is always right. */
export interface Truth<V> {
  /**
   * Loads until the answer has at least version `floor` and whatever is announced meanwhile, or until a load that began
   * after all of that was known has answered: that has the last word.
   */
  read(id: string, floor: bigint, options: LookupOptions, reading: Reading, place: Place): Promise<Loaded<V>>;
  /** Whoever asks for the id from now on starts a new load. */
  detach(id: string): void;
  detachAll(): void;
}

/** Shares the loads of each id between lookups. A `bounded` lookup may join a load that began up to `boundMs` before. */
export function shareTruth<V>(
  load: (id: string, signal: AbortSignal, place: Place) => Promise<Loaded<V>>,
  boundMs: number,
): Truth<V> {
  const { run, detach, detachAll } = shareLoads<Loaded<V>, Place>({
    load,
    joinableMs: boundMs,
    nowMs: () => performance.now(),
  });
  return {
    async read(id, floor, { freshness, signal }, reading, place) {
      let fresh = freshness !== 'bounded';
      for (let attempt = 1; ; attempt += 1) {
        const known = larger(floor, reading.announced.floor);
        const loaded = await run(id, { fresh, signal, given: place });
        const required = larger(floor, reading.announced.floor);
        const lastWord = (fresh && required === known) || attempt === LOAD_ATTEMPTS_MAX;
        if (lastWord || required < 0n || (loaded !== undefined && loaded.version >= required)) return loaded;
        fresh = true;
      }
    },
    detach,
    detachAll,
  };
}

export function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
