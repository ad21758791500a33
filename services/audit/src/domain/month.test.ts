import { describe, expect, it } from 'vitest';
import { addMonths, type Month, monthOf } from './month.ts';

describe('monthOf', () => {
  it.each([
    ['2026-11-01T00:00:00.000Z', '2026-11-01'],
    ['2026-11-30T23:59:59.999Z', '2026-11-01'],
    ['2024-02-29T12:00:00.000Z', '2024-02-01'],
    ['1970-01-01T00:00:00.000Z', '1970-01-01'],
  ])('puts %s into the month of %s', (time, month) => {
    expect(monthOf(new Date(time))).toBe(month);
  });
});

describe('addMonths', () => {
  it.each<[Month, number, Month]>([
    ['2026-11-01', 0, '2026-11-01'],
    ['2026-11-01', 3, '2027-02-01'],
    ['2026-01-01', -1, '2025-12-01'],
    ['2026-03-01', -1, '2026-02-01'],
    ['2026-12-01', 1, '2027-01-01'],
  ])('counts from %s by %d to %s', (month, count, expected) => {
    expect(addMonths(month, count)).toBe(expected);
  });
});
