import type { Chance } from '@gatehouse/testing/chance';
import { bytesLiteral, doubleLiteral, stringLiteral } from './cel-literal.ts';

/** Texts that are something to one function or another. */
export const STRINGS = [
  '',
  'a',
  'b',
  'ab',
  'A',
  'é',
  'e\u0301',
  'ß',
  'ı',
  '\u212a',
  '🦊',
  '🦊x',
  'x🦊',
  '\uffff',
  '\u{10000}',
  ' a ',
  '\u00a0a',
  '\u0085',
  '\u200ba',
  '0',
  '1',
  '-1',
  '+1',
  ' 1',
  '1.0',
  '1e3',
  '0x10',
  '0b11',
  'NaN',
  'Infinity',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '18446744073709551615',
  'true',
  'True',
  'TRUE',
  't',
  'f',
  '2024-02-29T12:34:56Z',
  '2026-03-29T01:30:00.123456789+02:00',
  '1h30m',
  '-1.5s',
  '1d',
  '__proto__',
  'constructor',
  'toString',
  'a,b,,c',
  'línea\nnueva',
  '10.1.2.3',
];
/** Keys, most of which are members of a prototype as well. */
export const KEYS = ['a', 'b', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'size', 'é'];
/** Numbers as JSON has them. */
export const NUMERALS = [
  0,
  1,
  -1,
  2,
  0.5,
  -0.5,
  1.5,
  3,
  10,
  64,
  255,
  2 ** 31,
  2 ** 53,
  2 ** 53 - 1,
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  1e19,
  1e300,
  5e-324,
];
const INTS = [
  '0',
  '1',
  '2',
  '3',
  '7',
  '-1',
  '-2',
  '64',
  '100',
  '9223372036854775807',
  '-9223372036854775808',
  '4611686018427387904',
  '9007199254740993',
  '0xff',
];
const UINTS = ['0u', '1u', '2u', '3u', '255u', '18446744073709551615u', '9223372036854775808u', '9007199254740993u'];
const TIMES = [
  '2024-02-29T12:34:56Z',
  '1970-01-01T00:00:00Z',
  '1969-12-31T23:59:59.999999999Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '2026-03-29T01:30:00Z',
  '2026-10-25T00:30:00+02:00',
  '2011-12-30T10:00:00Z',
  '1900-01-01T00:00:00Z',
  '2016-06-01T23:59:59.5Z',
];
const DURATIONS = [
  '0s',
  '1s',
  '-1s',
  '1h30m',
  '1.5h',
  '-0.5s',
  '1ns',
  '999ms',
  '2540400h',
  '-2540400h',
  '86400s',
  '1us',
  '0.000000001s',
];
export const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Pacific/Apia',
  'America/St_Johns',
  '+05:30',
  '-02:30',
  '02:00',
  '+14:00',
];
export const GETTERS = [
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getDayOfYear',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getMilliseconds',
];

/** A literal of the type, or something that is as short. */
export function randomLiteral(chance: Chance, type: string): string {
  switch (type) {
    case 'bool':
      return chance.pick(['true', 'false']);
    case 'int':
      return chance.pick(INTS);
    case 'uint':
      return chance.pick(UINTS);
    case 'double':
      return doubleLiteral(chance.pick(NUMERALS));
    case 'string':
      return stringLiteral(chance.pick(STRINGS));
    case 'bytes':
      return bytesLiteral(Buffer.from(chance.pick(STRINGS)));
    case 'timestamp':
      return `timestamp("${chance.pick(TIMES)}")`;
    case 'duration':
      return `duration("${chance.pick(DURATIONS)}")`;
    case 'map':
      return chance.pick(['{}', 'context.m', '{"a": 1}', '{"constructor": "x"}', '{1: "a"}']);
    case 'null':
      return 'null';
    case 'mixed':
      return chance.pick(['[1, "a"]', '[1u, 1.0]', 'context.dyn']);
    default:
      return '[]';
  }
}

/** What a condition is asked with: JSON, in which each key may also be missing or be something else. */
export function randomAttributes(chance: Chance): Record<string, unknown> {
  const object = () => Object.fromEntries(Array.from({ length: chance.below(4) }, () => [chance.pick(KEYS), value(1)]));
  const value = (left: number): unknown => {
    const kind = chance.below(left > 0 ? 7 : 5);
    if (kind === 0) return chance.pick(NUMERALS);
    if (kind <= 2) return chance.pick(STRINGS);
    if (kind === 3) return chance.happens(0.5);
    if (kind === 4) return null;
    if (kind === 5) return Array.from({ length: chance.below(3) }, () => value(left - 1));
    return Object.fromEntries(Array.from({ length: chance.below(3) }, () => [chance.pick(KEYS), value(left - 1)]));
  };
  const all: Record<string, unknown> = {
    n: chance.pick(NUMERALS),
    o: chance.pick(NUMERALS),
    s: chance.pick(STRINGS),
    t: chance.pick(STRINGS),
    list: Array.from({ length: chance.below(4) }, () => chance.pick(NUMERALS)),
    strings: Array.from({ length: chance.below(4) }, () => chance.pick(STRINGS)),
    m: object(),
    dyn: value(2),
    deep: value(3),
    a: value(2),
    b: value(2),
    nothing: null,
  };
  // Through JSON, so that __proto__ is a key.
  return JSON.parse(
    `{${Object.entries(all)
      .filter(() => !chance.happens(0.05))
      .map(([key, each]) => `${JSON.stringify(key)}:${JSON.stringify(each)}`)
      .join(',')}}`,
  );
}
