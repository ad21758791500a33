import { describe, expect, it } from 'vitest';
import { histogram } from '../src/load/histogram.ts';

describe('a histogram', () => {
  it('is exact for short times', () => {
    const times = histogram();
    for (let us = 1; us <= 100; us += 1) times.record(us);
    expect(times.count).toBe(100);
    expect([0.01, 0.5, 0.99, 1].map((share) => times.percentile(share))).toEqual([1, 50, 99, 100]);
  });

  it('never tells a time too short, nor more than a sixty-fourth too long', () => {
    for (let us = 1; us < 2 ** 31; us = us * 3 + 1) {
      const times = histogram();
      times.record(us);
      const told = times.percentile(1);
      expect(told).toBeGreaterThanOrEqual(us);
      expect(told - us).toBeLessThanOrEqual(us / 64);
    }
  });

  it('keeps the order of times on both sides of each bucket', () => {
    const told = [127, 128, 129, 130, 255, 256, 257, 259, 260].map((us) => {
      const times = histogram();
      times.record(us);
      return times.percentile(1);
    });
    expect(told).toEqual([127, 129, 129, 131, 255, 259, 259, 259, 263]);
  });

  it('counts what lies outside as the nearest that it can hold', () => {
    const times = histogram();
    times.record(-5);
    times.record(2 ** 40);
    expect(times.percentile(0.5)).toBe(0);
    expect(times.percentile(1)).toBe(2 ** 31 - 1);
  });

  it('tells nothing of nothing', () => {
    expect(histogram().percentile(0.99)).toBe(0);
  });
});
