import { uuidTimeMs, uuidv7 } from '@gatehouse/process';
import { describe, expect, it } from 'vitest';
import { isIdOf } from './event-id.ts';

describe('isIdOf', () => {
  const at = new Date(0x0190a0b0c0d0);

  it.each<[string, string, number, boolean]>([
    ['the millisecond itself', '0190a0b0-c0d0-7000-8000-000000000000', 0, true],
    ['a millisecond earlier', '0190a0b0-c0d0-7fff-bfff-ffffffffffff', -1, true],
    ['a millisecond later', '0190a0b0-c0d0-7000-8000-000000000000', 1, true],
    ['two milliseconds earlier', '0190a0b0-c0d0-7000-8000-000000000000', -2, false],
    ['two milliseconds later', '0190a0b0-c0d0-7000-8000-000000000000', 2, false],
    ['another version', '0190a0b0-c0d0-4000-8000-000000000000', 0, false],
    ['another variant', '0190a0b0-c0d0-7000-c000-000000000000', 0, false],
    ['upper case', '0190A0B0-c0d0-7000-8000-000000000000', 0, false],
  ])('judges %s', (_, id, offsetMs, expected) => {
    expect(isIdOf(id, new Date(at.getTime() + offsetMs))).toBe(expected);
  });

  it('takes the ids that the services make', () => {
    const id = uuidv7();
    expect(isIdOf(id, new Date(uuidTimeMs(id)))).toBe(true);
  });
});
