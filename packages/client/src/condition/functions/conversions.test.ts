import { describe, expect, it } from 'vitest';
import { Address, Duration, Failed, Network, Timestamp, Uint, type Value } from '../values.ts';
import { CONVERSIONS } from './conversions.ts';
import { parseDuration, parseTimestamp } from './times-text.ts';

const CLASSES = [
  [Uint, 'uint'],
  [Uint8Array, 'bytes'],
  [Timestamp, 'timestamp'],
  [Duration, 'duration'],
  [Address, 'ip'],
  [Network, 'cidr'],
] as const;

function typeOf(value: Value): string {
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'double';
  if (typeof value === 'boolean') return 'bool';
  return CLASSES.find(([type]) => value instanceof type)?.[1] ?? 'string';
}

function overloadOf(to: string, value: Value) {
  const found = CONVERSIONS.find((each) => each.name === to && each.parameters[0] === typeOf(value));
  if (!found) throw new Error(`No ${to}(${typeOf(value)}).`);
  return found;
}

function convert(to: string, value: Value): Value {
  const made = overloadOf(to, value).call(value as never);
  return made instanceof Failed ? made.why : made;
}

/** What a text cannot be: the sentence and the text. */
const refusal = (sentence: string, texts: readonly string[]) => texts.map((text) => [text, `${sentence}: ${text}`]);

const u = (value: bigint) => new Uint(value);
const bytes = (...values: number[]) => Uint8Array.from(values);
const time = (text: string) => parseTimestamp(text) as Timestamp;
const span = (text: string) => parseDuration(text) as Duration;

const INT_MIN = -9_223_372_036_854_775_808n;
const INT_MAX = 9_223_372_036_854_775_807n;
const UINT_MAX = 18_446_744_073_709_551_615n;
const NO_INT = 'A whole number (int) lies between -9223372036854775808 and 9223372036854775807';
const NO_UINT = 'A whole number (uint) lies between 0 and 18446744073709551615';
const NOT_UTF8 = 'The bytes are not UTF-8';
const NO_TIME = 'A time lies between the years 1 and 9999';

describe('int', () => {
  it.each<[Value, Value]>([
    [INT_MIN, INT_MIN],
    [u(42n), 42n],
    [u(9_223_372_036_854_775_807n), INT_MAX],
    [u(9_223_372_036_854_775_808n), NO_INT],
    [u(UINT_MAX), NO_INT],
    [1.9, 1n],
    [-7.9, -7n],
    [11.5, 11n],
    [-3.5, -3n],
    [-0, 0n],
    [1 - Number.EPSILON, 0n],
    [5e-324, 0n],
    [2 ** 55, 36_028_797_018_963_968n],
    // Both ends of the doubles are out, though the lower one is an int.
    [2 ** 63 - 1_024, 9_223_372_036_854_774_784n],
    [-(2 ** 63) + 1_024, -9_223_372_036_854_774_784n],
    [2 ** 63, NO_INT],
    [-(2 ** 63), NO_INT],
    [1e30, NO_INT],
    [1e99, NO_INT],
    [Number.NaN, NO_INT],
    [Number.POSITIVE_INFINITY, NO_INT],
    [Number.NEGATIVE_INFINITY, NO_INT],
    ['987', 987n],
    ['-0', 0n],
    ['+12', 12n],
    ['007', 7n],
    [`${'0'.repeat(60)}9`, 9n],
    ['9223372036854775807', INT_MAX],
    ['-9223372036854775808', INT_MIN],
    ['9223372036854775808', NO_INT],
    ['-9223372036854775809', NO_INT],
    ['9'.repeat(10_000), NO_INT],
    [time('2004-09-16T23:59:59Z'), 1_095_379_199n],
    [time('1969-12-31T23:59:59Z'), -1n],
    [time('0001-01-01T00:00:00Z'), -62_135_596_800n],
  ])('of %s is %s', (value, expected) => {
    expect(convert('int', value)).toBe(expected);
  });

  it.each(
    refusal('Not a whole number', [
      '',
      ' ',
      '-',
      '+',
      '0b11',
      '0x10',
      '0o7',
      '1e3',
      '1.0',
      '1_000',
      '1,000',
      ' 1',
      '1 ',
      '1\n',
      '--1',
      '1n',
      '1u',
      'one',
      '١',
      '１',
    ]),
  )('of %j is none', (text = '', why) => {
    expect(convert('int', text)).toBe(why);
  });
});

describe('uint', () => {
  it.each<[Value, Value]>([
    [u(7n), 7n],
    [0n, 0n],
    [1_729n, 1_729n],
    [INT_MAX, INT_MAX],
    [-1n, NO_UINT],
    [INT_MIN, NO_UINT],
    [3.75, 3n],
    [25.5, 25n],
    [-0, 0n],
    [1e19, 10_000_000_000_000_000_000n],
    [2 ** 64 - 2_048, 18_446_744_073_709_549_568n],
    [2 ** 64, NO_UINT],
    [6.022e23, NO_UINT],
    [-1, NO_UINT],
    [-0.5, NO_UINT],
    [Number.NaN, NO_UINT],
    [Number.POSITIVE_INFINITY, NO_UINT],
    ['300', 300n],
    ['0', 0n],
    ['0010', 10n],
    ['18446744073709551615', UINT_MAX],
    ['18446744073709551616', NO_UINT],
    ['1'.repeat(10_000), NO_UINT],
  ])('of %s is %s', (value, expected) => {
    const made = convert('uint', value);
    expect(made instanceof Uint ? made.value : made).toBe(expected);
  });

  it.each(
    refusal('Not a whole number without a sign', ['', '-1', '-0', '+1', '1u', '0x1', '0b1', '1.0', '1e3', ' 1', '1 ']),
  )('of %j is none', (text = '', why) => {
    expect(convert('uint', text)).toBe(why);
  });
});

describe('double', () => {
  it.each<[Value, number]>([
    [0n, 0],
    [-1_000_000_000_000_000n, -1e15],
    [INT_MAX, 2 ** 63],
    [9_007_199_254_740_993n, 9_007_199_254_740_992],
    [u(123n), 123],
    [u(UINT_MAX), 2 ** 64],
    [-0.25, -0.25],
    ['0', 0],
    ['-0.0', -0],
    ['123', 123],
    ['+1.5', 1.5],
    ['-987.654', -987.654],
    ['6.02214e23', 6.022_14e23],
    ['-84.32E+7', -8.432e8],
    ['-5.43e-21', -5.43e-21],
    ['.5', 0.5],
    ['5.', 5],
    ['1e-400', 0],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['+inf', Number.POSITIVE_INFINITY],
    ['-Inf', Number.NEGATIVE_INFINITY],
  ])('of %s is %s', (value, expected) => {
    expect(convert('double', value)).toBe(expected);
  });

  it.each([
    ...refusal('Not a number', [
      '',
      ' ',
      '.',
      '-',
      'e5',
      '1e',
      '1e+',
      '0x10',
      '0b11',
      '0o7',
      '1_0',
      '1,5',
      ' 1',
      '1 ',
      '1.5\n',
      '1.5f',
      '1n',
      '1..5',
      'infinite',
      'nano',
      '+-1',
    ]),
    ...refusal('Too large a number', ['1e309', '-1e400', '1.7976931348623159e308']),
  ])('of %j is none', (text = '', why) => {
    expect(convert('double', text)).toBe(why);
  });
});

describe('bool', () => {
  it.each<[Value, boolean]>([
    [true, true],
    [false, false],
    ...['1', 't', 'T', 'true', 'True', 'TRUE'].map((text): [string, boolean] => [text, true]),
    ...['0', 'f', 'F', 'false', 'False', 'FALSE'].map((text): [string, boolean] => [text, false]),
  ])('of %s is %s', (value, expected) => {
    expect(convert('bool', value)).toBe(expected);
  });

  it.each(
    refusal('Neither true nor false', [
      '',
      'TrUe',
      'FaLsE',
      'tRUE',
      'yes',
      'no',
      'on',
      '2',
      '-1',
      '00',
      ' true',
      'true ',
      'constructor',
      '__proto__',
    ]),
  )('of %j is none', (text = '', why) => {
    expect(convert('bool', text)).toBe(why);
  });

  it('is not made of numbers', () => {
    expect(CONVERSIONS.filter(({ name }) => name === 'bool').flatMap(({ parameters }) => parameters)).toEqual([
      'bool',
      'string',
    ]);
  });
});

describe('string', () => {
  it.each<[Value, string]>([
    ['as it is', 'as it is'],
    [true, 'true'],
    [false, 'false'],
    [123n, '123'],
    [INT_MIN, '-9223372036854775808'],
    [u(UINT_MAX), '18446744073709551615'],
    [123.456, '123.456'],
    [-4.5e-3, '-0.0045'],
    [1, '1'],
    [-0, '-0'],
    [0.1 + 0.2, '0.30000000000000004'],
    [999_999.5, '999999.5'],
    [1e6, '1000000'],
    [123_456_789, '123456789'],
    [0.0001, '0.0001'],
    [0.000_012_5, '0.0000125'],
    [1e-7, '1e-7'],
    [5e-324, '5e-324'],
    [1.5e300, '1.5e+300'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [bytes(), ''],
    [bytes(0x61, 0x62, 0x63), 'abc'],
    [bytes(0xc3, 0xbf), 'ÿ'],
    [bytes(0xf0, 0x9f, 0xa6, 0x8a), '🦊'],
    [bytes(0x00), '\0'],
    // What begins with a byte order mark keeps it, and both ends of what can be written are written.
    [bytes(0xef, 0xbb, 0xbf, 0x61), '\ufeffa'],
    [bytes(0xed, 0x9f, 0xbf, 0xee, 0x80, 0x80, 0xf4, 0x8f, 0xbf, 0xbf), '\ud7ff\ue000\u{10ffff}'],
    [time('2009-02-13T23:31:30.120+01:00'), '2009-02-13T22:31:30.12Z'],
    [span('1h1m0.5s'), '3660.5s'],
    [span('-1ns'), '-0.000000001s'],
    [new Address(bytes(192, 168, 0, 1)), '192.168.0.1'],
    [new Network(new Address(bytes(192, 168, 0, 1)), 24), '192.168.0.1/24'],
  ])('of %s is %j', (value, expected) => {
    expect(convert('string', value)).toBe(expected);
  });

  it.each([
    ['a byte that is never in UTF-8', [0x00, 0xff]],
    ['a beginning without its end', [0x61, 0xc3]],
    ['an end without its beginning', [0x80]],
    ['a letter in more bytes than it takes', [0xc0, 0xaf]],
    ['a nothing in two bytes', [0xc0, 0x80]],
    ['half of what UTF-16 writes in two', [0xed, 0xa0, 0x80]],
    ['both halves', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['what lies beyond the last letter', [0xf4, 0x90, 0x80, 0x80]],
    ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ])('of bytes that are not UTF-8 is none: %s', (_title, values) => {
    expect(convert('string', bytes(...values))).toBe(NOT_UTF8);
    expect(convert('string', bytes(0x20, ...values, 0x20))).toBe(NOT_UTF8);
  });

  it('of a part of bytes is that part', () => {
    expect(convert('string', bytes(0x61, 0x62, 0xff).subarray(1, 2))).toBe('b');
  });
});

describe('bytes', () => {
  it.each<[string, number[]]>([
    ['', []],
    ['abc', [0x61, 0x62, 0x63]],
    ['ÿ', [0xc3, 0xbf]],
    ['🦊', [0xf0, 0x9f, 0xa6, 0x8a]],
    ['e\u0301', [0x65, 0xcc, 0x81]],
    ['\0', [0]],
  ])('of %j are its UTF-8', (text, expected) => {
    expect([...(convert('bytes', text) as Uint8Array)]).toEqual(expected);
    expect(convert('string', convert('bytes', text))).toBe(text);
  });
});

describe('timestamp', () => {
  it.each<[Value, string]>([
    [0n, '1970-01-01T00:00:00Z'],
    [-1n, '1969-12-31T23:59:59Z'],
    [1_095_379_199n, '2004-09-16T23:59:59Z'],
    [-62_135_596_800n, '0001-01-01T00:00:00Z'],
    [253_402_300_799n, '9999-12-31T23:59:59Z'],
    [-62_135_596_801n, NO_TIME],
    [253_402_300_800n, NO_TIME],
    [INT_MAX, NO_TIME],
    [INT_MIN, NO_TIME],
    ['1972-01-01T10:00:20.021-05:00', '1972-01-01T15:00:20.021Z'],
    ['9999-12-31T23:59:59-00:01', NO_TIME],
    ['2026-02-30T00:00:00Z', 'Not a time such as "2026-03-01T09:00:00Z": 2026-02-30T00:00:00Z'],
    ['', 'Not a time such as "2026-03-01T09:00:00Z": '],
    ['0', 'Not a time such as "2026-03-01T09:00:00Z": 0'],
  ])('of %s is %s', (value, expected) => {
    const made = convert('timestamp', value);
    expect(made instanceof Timestamp ? convert('string', made) : made).toBe(expected);
  });
});

describe('what is written down', () => {
  it.each([
    ['timestamp', '2026-02-30T00:00:00Z', 'Not a time such as "2026-03-01T09:00:00Z": 2026-02-30T00:00:00Z.'],
    ['timestamp', '0000-01-01T00:00:00Z', `${NO_TIME}.`],
    ['duration', '1d', 'Not a duration such as "1h30m": 1d.'],
    ['duration', '', 'Not a duration such as "1h30m": .'],
    ['timestamp', '2026-03-01T09:00:00Z', undefined],
    ['duration', '1h', undefined],
  ])('%s("%s") is looked at at once', (to, text, problem) => {
    expect(overloadOf(to, text).checkLiteral?.(0, text)).toBe(problem);
  });
});

describe('the steps of a conversion', () => {
  it('grow with what is read', () => {
    const long = '9'.repeat(64_000);
    for (const to of ['int', 'uint', 'double', 'bytes']) {
      expect(overloadOf(to, long).cost?.(long as never)).toBeGreaterThanOrEqual(64_000 / 8);
    }
    const many = new Uint8Array(64_000);
    expect(overloadOf('string', many).cost?.(many as never)).toBeGreaterThanOrEqual(64_000 / 16);
    expect(overloadOf('timestamp', long).cost?.(long as never)).toBe(50);
    expect(overloadOf('duration', long).cost?.(long as never)).toBe(60);
  });
});
