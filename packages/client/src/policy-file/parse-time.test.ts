import { seededChance } from '@gatehouse/testing/chance';
import { expect, it } from 'vitest';
import { parseTime } from './parse-time.ts';

it.each([
  ['2026-03-01T09:00:00Z', '2026-03-01T09:00:00.000Z'],
  ['2026-03-01T09:00Z', '2026-03-01T09:00:00.000Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
  ['2026-12-31T23:59:59.9Z', '2026-12-31T23:59:59.900Z'],
  ['9999-12-31T23:59:59.9999999Z', '9999-12-31T23:59:59.999Z'],
  ['2026-01-01T00:00:00+14:00', '2025-12-31T10:00:00.000Z'],
  ['2026-01-01T00:00:00-23:59', '2026-01-01T23:59:00.000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
])('%s is a time', (text, iso) => {
  expect(new Date(parseTime(text) ?? Number.NaN).toISOString()).toBe(iso);
});

it.each([
  '2026-02-29T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2100-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-06-31T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '2026-01-32T00:00:00Z',
  '2026-02-28T24:00:00Z',
  '2026-02-28T25:00:00Z',
  '2026-02-28T23:60:00Z',
  '2026-12-31T23:59:60Z',
  '2026-02-28T00:00:00+24:00',
  '2026-02-28T00:00:00+14:60',
  '2026-02-28T00:00:00',
  '2026-02-28T00:00:00.Z',
  '2026-02-28T00:00:00.1234567890Z',
  '2026-02-28',
  '2026-02-28 00:00:00Z',
  '2026-02-28t00:00:00z',
  '0000-12-31T23:59:59Z',
  '0001-01-01T00:00:00+00:01',
  '9999-12-31T23:59:59-00:01',
  '+010000-01-01T00:00:00Z',
  ' 2026-02-28T00:00:00Z',
  '2026-02-28T00:00:00Z\n',
  '٢٠٢٦-02-28T00:00:00Z',
  '',
])('%j is none', (text) => {
  expect(parseTime(text)).toBeUndefined();
});

it('is what its parts say, or none, by chance', () => {
  const { below } = seededChance();
  const two = (number: number) => String(number).padStart(2, '0');
  for (let round = 0; round < 2_000; round += 1) {
    const [year, month, day, hour] = [1970 + below(500), below(14), below(33), below(26)];
    const date = new Date(Date.UTC(year, month - 1, day, hour));
    const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
    const text = `${year}-${two(month)}-${two(day)}T${two(hour)}:00:00Z`;
    expect([text, parseTime(text)]).toEqual([text, isReal ? date.getTime() : undefined]);
  }
});
