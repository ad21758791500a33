import { describe, expect, it } from 'vitest';
import { type Duration, Failed, Timestamp } from '../values.ts';
import {
  addDuration,
  addDurations,
  compareDurations,
  compareTimestamps,
  durationBetween,
  subtractDuration,
  subtractDurations,
  timestampFromMs,
} from './time-arithmetic.ts';
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp } from './times-text.ts';

function time(text: string): Timestamp {
  const parsed = parseTimestamp(text);
  if (parsed instanceof Failed) throw new Error(parsed.why);
  return parsed;
}

function span(text: string): Duration {
  const parsed = parseDuration(text);
  if (parsed instanceof Failed) throw new Error(parsed.why);
  return parsed;
}

const shown = (value: Timestamp | Duration | Failed) => {
  if (value instanceof Failed) return value.why;
  return value instanceof Timestamp ? formatTimestamp(value) : formatDuration(value);
};

const OUT_OF_YEARS = 'A time lies between the years 1 and 9999';
const TOO_LONG = 'A duration is at most 315576000000 seconds long';
const TOO_FAR = 'The times are more than 292 years apart';

describe('a time written as text', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0, 0],
    ['2009-02-13T23:31:30Z', 1_234_567_890, 0],
    ['2024-02-29T12:00:00Z', 1_709_208_000, 0],
    ['2000-02-29T00:00:00Z', 951_782_400, 0],
    ['1969-12-31T23:59:59.5Z', -1, 500_000_000],
    ['2026-03-01T09:00:00.000000001Z', 1_772_355_600, 1],
    ['2026-03-01T09:00:00.12+01:00', 1_772_352_000, 120_000_000],
    ['2026-03-01T09:00:00-02:30', 1_772_364_600, 0],
    ['2026-03-01T09:00:00-00:00', 1_772_355_600, 0],
    ['0001-01-01T00:00:00Z', -62_135_596_800, 0],
    ['0000-12-31T23:00:00-01:00', -62_135_596_800, 0],
    ['9999-12-31T23:59:59.999999999Z', 253_402_300_799, 999_999_999],
  ])('%s', (text, seconds, nanos) => {
    expect(parseTimestamp(text)).toEqual(new Timestamp(seconds, nanos));
  });

  it.each([
    '',
    'now',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2016-12-31T23:59:60Z',
    '2026-01-01t00:00:00Z',
    '2026-01-01T00:00:00z',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00,5Z',
    '2026-01-01T00:00:00.1234567890Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+01:60',
    '2026-01-01T00:00:00+0100',
    '2026-01-01T00:00Z',
    '2026-01-01',
    '26-01-01T00:00:00Z',
    '10000-01-01T00:00:00Z',
    '-2026-01-01T00:00:00Z',
    ' 2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00Z\n',
    '２026-01-01T00:00:00Z',
  ])('%j is none', (text) => {
    expect(shown(parseTimestamp(text))).toBe(`Not a time such as "2026-03-01T09:00:00Z": ${text}`);
  });

  it.each(['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-00:01'])(
    '%s is out of range',
    (text) => {
      expect(shown(parseTimestamp(text))).toBe(OUT_OF_YEARS);
    },
  );

  it('is quoted in short', () => {
    expect(shown(parseTimestamp('x'.repeat(70_000)))).toBe(
      `Not a time such as "2026-03-01T09:00:00Z": ${'x'.repeat(64)}…`,
    );
    expect(shown(parseDuration('🦊'.repeat(70_000))).length).toBeLessThan(200);
  });

  it('is the day that Date finds, all over the years and at the end of each February', () => {
    const day = 86_400;
    const samples: number[] = [];
    for (let seconds = -62_135_596_800; seconds < 253_402_300_800; seconds += 97 * day + 3_601) samples.push(seconds);
    for (let year = 1; year <= 9_999; year += 1) {
      const march = Date.parse(`${String(year).padStart(4, '0')}-03-01T00:00:00Z`) / 1_000;
      samples.push(march - 1, march);
    }
    const wrong = samples.filter((seconds) => {
      const iso = new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');
      return formatTimestamp(new Timestamp(seconds, 0)) !== iso || time(iso).seconds !== seconds;
    });
    expect(samples.length).toBeGreaterThan(50_000);
    expect(wrong).toEqual([]);
  });

  it.each([
    ['2026-03-01T09:00:00.120+01:00', '2026-03-01T08:00:00.12Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['0999-10-05T03:04:05.000000100Z', '0999-10-05T03:04:05.0000001Z'],
  ])('%s comes back as %s', (text, expected) => {
    expect(shown(parseTimestamp(text))).toBe(expected);
  });

  it('comes from the clock in milliseconds', () => {
    expect(shown(timestampFromMs(1_234_567_890_123.9))).toBe('2009-02-13T23:31:30.123Z');
    expect(shown(timestampFromMs(-1))).toBe('1969-12-31T23:59:59.999Z');
    expect(shown(timestampFromMs(8.64e15))).toBe(OUT_OF_YEARS);
    expect(shown(timestampFromMs(Number.NaN))).toBe(OUT_OF_YEARS);
  });
});

describe('a duration written as text', () => {
  it.each([
    ['0', '0s'],
    ['+0', '0s'],
    ['-0', '0s'],
    ['1h30m', '5400s'],
    ['-1.5h', '-5400s'],
    ['+5s', '5s'],
    ['.5s', '0.5s'],
    ['1.s', '1s'],
    ['-0.25s', '-0.25s'],
    ['-1.999999999s', '-1.999999999s'],
    ['1h1m1s1ms1us1ns', '3661.001001001s'],
    ['1µs', '0.000001s'],
    ['1μs', '0.000001s'],
    ['1m1m', '120s'],
    ['1s1h', '3601s'],
    ['0.3333333333333333333h', '1199.999999999s'],
    ['0.9ns', '0s'],
    ['1000000s', '1000000s'],
    ['315576000000s', '315576000000s'],
    ['-315576000000s', '-315576000000s'],
    ['87660000h', '315576000000s'],
  ])('%s is %s', (text, expected) => {
    expect(shown(parseDuration(text))).toBe(expected);
  });

  it.each([
    '',
    '5',
    '-',
    '1d',
    '1',
    's',
    '.s',
    '1,5s',
    '1 s',
    ' 1s',
    '1s ',
    '1S',
    '1e3s',
    '--1s',
    '1s-1s',
    '0x1s',
    'PT1H',
  ])('%j is none', (text) => {
    expect(shown(parseDuration(text))).toBe(`Not a duration such as "1h30m": ${text}`);
  });

  it.each(['315576000000.000000001s', '-320000000000s', '87660001h', `${'9'.repeat(60)}h`])(
    '%s is out of range',
    (text) => {
      expect(shown(parseDuration(text))).toBe(TOO_LONG);
    },
  );
});

describe('arithmetic of times', () => {
  it.each([
    ['2009-02-13T23:00:00Z', '240s', '2009-02-13T23:04:00Z', '2009-02-13T22:56:00Z'],
    ['2024-02-28T12:00:00Z', '24h', '2024-02-29T12:00:00Z', '2024-02-27T12:00:00Z'],
    ['0001-01-01T00:00:01.000000001Z', '-999999999ns', '0001-01-01T00:00:00.000000002Z', '0001-01-01T00:00:02Z'],
    ['1970-01-01T00:00:00Z', '-0.5s', '1969-12-31T23:59:59.5Z', '1970-01-01T00:00:00.5Z'],
    ['0001-01-01T00:00:00Z', '1ns', '0001-01-01T00:00:00.000000001Z', OUT_OF_YEARS],
    ['9999-12-31T23:59:59.999999999Z', '1ns', OUT_OF_YEARS, '9999-12-31T23:59:59.999999998Z'],
    ['2026-01-01T00:00:00Z', '315576000000s', OUT_OF_YEARS, OUT_OF_YEARS],
  ])('%s and %s make %s and %s', (text, by, sum, difference) => {
    expect(shown(addDuration(time(text), span(by)))).toBe(sum);
    expect(shown(subtractDuration(time(text), span(by)))).toBe(difference);
  });

  it.each([
    ['2009-02-13T23:31:00Z', '2009-02-13T23:29:00Z', '120s'],
    ['2009-02-13T23:29:00.25Z', '2009-02-13T23:29:01Z', '-0.75s'],
    ['2262-04-11T23:47:16.854775807Z', '1970-01-01T00:00:00Z', '9223372036.854775807s'],
    ['2262-04-11T23:47:16.854775808Z', '1970-01-01T00:00:00Z', TOO_FAR],
    ['9999-12-31T23:59:59Z', '0001-01-01T00:00:00Z', TOO_FAR],
    ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', TOO_FAR],
  ])('between %s and %s lie %s', (left, right, expected) => {
    expect(shown(durationBetween(time(left), time(right)))).toBe(expected);
  });

  it.each([
    ['600s', '50s', '650s', '550s'],
    ['200000000000s', '200000000000s', TOO_LONG, '0s'],
    ['-200000000000s', '200000000000s', '0s', TOO_LONG],
  ])('%s and %s make %s and %s', (left, right, sum, difference) => {
    expect(shown(addDurations(span(left), span(right)))).toBe(sum);
    expect(shown(subtractDurations(span(left), span(right)))).toBe(difference);
  });

  it('tells which is earlier, which is shorter', () => {
    const [early, late] = [time('2026-01-01T00:00:00Z'), time('2026-01-01T00:00:00.000000001Z')];
    expect(compareTimestamps(early, late)).toBeLessThan(0);
    expect(compareTimestamps(late, early)).toBeGreaterThan(0);
    expect(compareTimestamps(late, time('2026-01-01T01:00:00.000000001+01:00'))).toBe(0);
    expect(compareDurations(span('-1s'), span('1ns'))).toBeLessThan(0);
    expect(compareDurations(span('61s'), span('1m'))).toBeGreaterThan(0);
    expect(compareDurations(span('60s'), span('1m'))).toBe(0);
  });
});
