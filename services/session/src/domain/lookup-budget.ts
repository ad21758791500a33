/** How often a peer may have the database asked in vain. */
export interface LookupBudget {
  /** Takes one lookup; false when the peer has none left at the moment. */
  take(peer: string): boolean;
  /** The lookup was not in vain. */
  giveBack(peer: string): void;
}

export interface LookupBudgetOptions {
  /** Most lookups in vain at once. */
  readonly max: number;
  /** How many come back each second. */
  readonly perSecond: number;
  /** Most peers that are told apart; of more, those are forgotten that were met first. */
  readonly peersMax: number;
  /** By a clock that nobody sets. */
  readonly nowMs: () => number;
}

/** A bucket of lookups for each peer: full at first, emptied by what leads to nothing, filled again by time. */
export function lookupBudget({ max, perSecond, peersMax, nowMs }: LookupBudgetOptions): LookupBudget {
  const buckets = new Map<string, { left: number; atMs: number }>();
  const bucketOf = (peer: string) => {
    const known = buckets.get(peer);
    if (known) return known;
    const [first] = buckets.keys();
    if (buckets.size >= peersMax && first !== undefined) buckets.delete(first);
    const full = { left: max, atMs: nowMs() };
    buckets.set(peer, full);
    return full;
  };
  return {
    take(peer) {
      const bucket = bucketOf(peer);
      const now = nowMs();
      bucket.left = Math.min(max, bucket.left + ((now - bucket.atMs) / 1000) * perSecond);
      bucket.atMs = now;
      if (bucket.left < 1) return false;
      bucket.left -= 1;
      return true;
    },
    giveBack(peer) {
      const bucket = bucketOf(peer);
      bucket.left = Math.min(max, bucket.left + 1);
    },
  };
}
