import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

describe('the time before another try', () => {
  it('doubles with each failure up to the limit, less at most half', () => {
    for (const [failures, ms] of [
      [1, 100],
      [2, 200],
      [6, 3_200],
      [7, 5_000],
      [5_000, 5_000],
    ] as const) {
      const times = Array.from({ length: 50 }, () => backoffMs(failures, { firstMs: 100, maxMs: 5_000 }));
      expect(Math.min(...times)).toBeGreaterThanOrEqual(ms / 2);
      expect(Math.max(...times)).toBeLessThanOrEqual(ms);
      expect(new Set(times).size).toBeGreaterThan(1);
    }
  });
});
