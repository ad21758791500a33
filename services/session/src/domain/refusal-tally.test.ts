import { seededChance } from '@gatehouse/testing/chance';
import { describe, expect, it } from 'vitest';
import { ADDRESSES_COUNTED_MAX, ADDRESSES_NAMED_MAX, refusalTally } from './refusal-tally.ts';

const MISSING = 'SESSION_TOKEN_MISSING';
const addressOf = (number: number) => `10.${(number >> 16) & 0xff}.${(number >> 8) & 0xff}.${number & 0xff}`;

describe('a tally of refusals', () => {
  it('counts by reason and by address, most first', () => {
    const tally = refusalTally();
    for (let i = 0; i < 5; i++) tally.count(MISSING, '203.0.113.7');
    for (let i = 0; i < 9; i++) tally.count('SESSION_TOKEN_INVALID', `2001:db8::${i + 1}`);
    tally.count(MISSING, '');
    expect(tally.total).toBe(15);
    expect(tally.reasons()).toEqual([
      ['SESSION_TOKEN_INVALID', 9],
      [MISSING, 6],
    ]);
    expect(tally.addresses()).toEqual([
      ['2001:db8::/64', 9],
      ['203.0.113.7', 5],
      ['unknown', 1],
    ]);
  });

  it('names the twenty that asked most among a hundred thousand, whenever they came', () => {
    const { below, happens } = seededChance();
    const tally = refusalTally();
    const loud = Array.from({ length: ADDRESSES_NAMED_MAX }, (_, index) => `198.51.100.${index}`);
    for (let i = 0; i < 100_000; i++) {
      // Each of the loud ones asks one time in two hundred.
      const address = happens(0.1) ? loud[below(loud.length)] : addressOf(i);
      tally.count(MISSING, address ?? '');
    }
    expect(tally.total).toBe(100_000);
    expect(
      tally
        .addresses()
        .map(([address]) => address)
        .sort(),
    ).toEqual(loud.sort());
  });

  it('tells no more addresses apart than it says, and still counts all', () => {
    const tally = refusalTally();
    for (let i = 0; i < 10 * ADDRESSES_COUNTED_MAX; i++) tally.count(MISSING, addressOf(i));
    expect(tally.reasons()).toEqual([[MISSING, 10 * ADDRESSES_COUNTED_MAX]]);
    expect(tally.addresses()).toHaveLength(ADDRESSES_NAMED_MAX);
  });
});
