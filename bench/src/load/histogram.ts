/** Counts times in buckets whose width grows with the time, so that percentiles are exact to 1 part in 64. */
export interface Histogram {
  readonly count: number;
  /** Counts one time. Whole microseconds from 0 to 2^31 - 1; what lies outside counts as the nearest of these. */
  record(us: number): void;
  /** The time that the given share (0 to 1) of all times does not exceed; 0 when there are none. Microseconds. */
  percentile(share: number): number;
}

/** Buckets for each doubling of the time. */
const STEPS = 64;
const STEP_BITS = 6;
const US_MAX = 2 ** 31 - 1;
const BUCKETS = bucketOf(US_MAX) + 1;

/** An empty histogram. It takes the same memory however much is recorded. */
export function histogram(): Histogram {
  const buckets = new Uint32Array(BUCKETS);
  let count = 0;
  return {
    get count() {
      return count;
    },
    record(us) {
      const bucket = bucketOf(Math.min(Math.max(Math.round(us), 0), US_MAX));
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count += 1;
    },
    percentile(share) {
      const wanted = Math.max(1, Math.ceil(share * count));
      let seen = 0;
      for (const [bucket, times] of buckets.entries()) {
        seen += times;
        if (seen >= wanted) return upperEndOf(bucket);
      }
      return 0;
    },
  };
}

/** Times below 2 * STEPS have a bucket each; above, the first bits of the time choose one. */
function bucketOf(us: number): number {
  const shift = Math.max(0, 31 - Math.clz32(us) - STEP_BITS);
  return STEPS * shift + (us >>> shift);
}

function upperEndOf(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return (bucket - STEPS * shift + 1) * 2 ** shift - 1;
}
