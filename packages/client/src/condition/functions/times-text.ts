import type { Duration, Failed, Timestamp } from '../values.ts';
import { dayOfEpoch, daysOfMonth, daysSinceEpoch, SECONDS_PER_DAY } from './calendar.ts';
import { failedOn } from './failures.ts';
import { toDuration, toTimestamp } from './time-arithmetic.ts';

/** RFC 3339 as protobuf and Go take it: large letters, no 24:00, no leap second, at most nanoseconds. */
const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const FRACTION_DIGITS = 9;

/** Most characters of a duration; any that there is fits into half of that. */
const DURATION_CHARACTERS_MAX = 64;
/** Sums of parts with a unit. The two signs of micro are U+00B5 and U+03BC. */
const DURATION = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/;
const PART = /(\d*)(?:\.(\d*))?([a-z\u00b5\u03bc]+)/g;
const ZERO = /^[+-]?0$/;
const NANOS_OF: Readonly<Record<string, bigint>> = Object.assign(Object.create(null), {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
});
const NANOS_PER_SECOND = 1_000_000_000n;

/** `2026-03-01T09:00:00.5+01:00`. */
export function parseTimestamp(text: string): Timestamp | Failed {
  const parts = TIMESTAMP.exec(text);
  if (parts === null) return noTimestamp(text);
  const [, year, month, day, hours, minutes, seconds, fraction = '', sign, offsetHours, offsetMinutes] = parts;
  if (Number(day) < 1 || Number(day) > daysOfMonth(Number(year), Number(month))) return noTimestamp(text);
  const ofDay = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  const offset = sign === undefined ? 0 : Number(offsetHours) * 3_600 + Number(offsetMinutes) * 60;
  return toTimestamp(
    daysSinceEpoch(Number(year), Number(month), Number(day)) * SECONDS_PER_DAY +
      ofDay -
      (sign === '-' ? -offset : offset),
    fraction === '' ? 0 : Number(fraction.padEnd(FRACTION_DIGITS, '0')),
  );
}

/** In UTC, with as many digits behind the point as it takes: `2026-03-01T08:00:00.5Z`. */
export function formatTimestamp({ seconds, nanos }: Timestamp): string {
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const { year, month, day } = dayOfEpoch(days);
  const ofDay = seconds - days * SECONDS_PER_DAY;
  const date = `${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`;
  const time = `${twoDigits(Math.floor(ofDay / 3_600))}:${twoDigits(Math.floor(ofDay / 60) % 60)}:${twoDigits(ofDay % 60)}`;
  return `${date}T${time}${fractionOf(nanos)}Z`;
}

/** `1h30m`, `-1.5h`, `250ms`, `0`. What is smaller than a nanosecond is cut off. */
export function parseDuration(text: string): Duration | Failed {
  if (text.length > DURATION_CHARACTERS_MAX) return noDuration(text);
  if (ZERO.test(text)) return toDuration(0n);
  const [, sign, parts] = DURATION.exec(text) ?? [];
  if (parts === undefined) return noDuration(text);
  let nanos = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of parts.matchAll(PART)) {
    const scale = NANOS_OF[unit] ?? 0n;
    nanos += BigInt(whole) * scale;
    if (fraction !== '') nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  return toDuration(sign === '-' ? -nanos : nanos);
}

/** In seconds, with as many digits behind the point as it takes: `5400s`, `-0.25s`. */
export function formatDuration({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos;
  return `${nanos < 0n ? '-' : ''}${size / NANOS_PER_SECOND}${fractionOf(Number(size % NANOS_PER_SECOND))}s`;
}

function noTimestamp(text: string): Failed {
  return failedOn('Not a time such as "2026-03-01T09:00:00Z"', text);
}

function noDuration(text: string): Failed {
  return failedOn('Not a duration such as "1h30m"', text);
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function fractionOf(nanos: number): string {
  return nanos === 0 ? '' : `.${String(nanos).padStart(FRACTION_DIGITS, '0').replace(/0+$/, '')}`;
}
