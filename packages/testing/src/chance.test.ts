import { describe, expect, it } from 'vitest';
import { propertyRuns, rounds, seededChance } from './chance.ts';
import { testSettings } from './config.ts';

describe('chance', () => {
  it('is the same for the same seed, and another for another', () => {
    const drawn = (seed: number) => Array.from({ length: 8 }, seededChance(seed).next);
    expect(drawn(7)).toEqual(drawn(7));
    expect(drawn(7)).not.toEqual(drawn(8));
    for (const value of drawn(9)) expect(value >= 0 && value < 1).toBe(true);
  });

  it('follows from the seed of the run unless another is given', () => {
    expect(seededChance().next()).toBe(seededChance(testSettings().seed).next());
    expect(propertyRuns(100).seed).toBe(testSettings().seed);
  });

  it('picks each of a few in many draws, and nothing from nothing', () => {
    const { pick, below, happens } = seededChance(1);
    expect(new Set(Array.from({ length: 200 }, () => pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']));
    expect(Math.max(...Array.from({ length: 200 }, () => below(5)))).toBe(4);
    expect([happens(0), happens(1)]).toEqual([false, true]);
    expect(() => pick([])).toThrow(RangeError);
  });
});

describe('the count of rounds', () => {
  const full = testSettings().rounds / 10;
  it('is a tenth of the full one times the variable, and never less than the least', () => {
    expect(rounds(1_000)).toBe(1_000 * full);
    expect(rounds(1, 3)).toBe(Math.max(3, Math.ceil(full)));
    expect(rounds(1)).toBeGreaterThanOrEqual(1);
  });

  it.each(['0', '-1', 'many'])('refuses %s', (text) => {
    expect(() => testSettings({ GATEHOUSE_TEST_ROUNDS: text })).toThrow(
      'GATEHOUSE_TEST_ROUNDS must be a number above 0',
    );
  });
});
