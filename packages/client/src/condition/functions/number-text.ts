import { Failed } from '../values.ts';
import { failedOn } from './failures.ts';

const INT = /^[+-]?\d+$/;
const UINT = /^\d+$/;
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const NAN = /^nan$/i;
const ZEROS = /^([+-]?)0+(?=\d)/;
/** More digits than any number of 64 bits has; what is longer is not even read. */
const DIGITS_MAX = 20;

export const INT_MAX = 2n ** 63n - 1n;
export const INT_MIN = -(2n ** 63n);
export const UINT_MAX = 2n ** 64n - 1n;
/** Doubles that are no int: cel-spec counts both ends among them, though -2^63 could be one. */
const INT_LIMIT = 2 ** 63;
const UINT_LIMIT = 2 ** 64;

export const NO_INT = new Failed('A whole number (int) lies between -9223372036854775808 and 9223372036854775807');
export const NO_UINT = new Failed('A whole number (uint) lies between 0 and 18446744073709551615');

export function parseInt64(text: string): bigint | Failed {
  if (!INT.test(text)) return failedOn('Not a whole number', text);
  return within(text, INT_MIN, INT_MAX, NO_INT);
}

export function parseUint64(text: string): bigint | Failed {
  if (!UINT.test(text)) return failedOn('Not a whole number without a sign', text);
  return within(text, 0n, UINT_MAX, NO_UINT);
}

/** Decimal, with or without an exponent, or `NaN`, `Infinity`, `-inf`. One that is too large for a double is none. */
export function parseDouble(text: string): number | Failed {
  if (DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : failedOn('Too large a number', text);
  }
  const [isInfinite, sign] = INFINITE.exec(text) ?? [];
  if (isInfinite !== undefined) return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return NAN.test(text) ? Number.NaN : failedOn('Not a number', text);
}

/** What stands before the point. */
export function doubleToInt(value: number): bigint | Failed {
  return value > -INT_LIMIT && value < INT_LIMIT ? BigInt(Math.trunc(value)) : NO_INT;
}

/** What stands before the point, of what is not negative. */
export function doubleToUint(value: number): bigint | Failed {
  return value >= 0 && value < UINT_LIMIT ? BigInt(Math.trunc(value)) : NO_UINT;
}

/**
 * The fewest digits that stand for it: `0.25`, `1234567`, `1e+21`, `1.5e-7`. cel-spec leaves the form open; this one writes whole
 * numbers out, because numbers of JSON are doubles and ids among them are compared as texts. `+Inf`, `-Inf`, `NaN` and `-0`
 * are as cel-go has them.
 */
export function formatDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

function within(text: string, least: bigint, most: bigint, otherwise: Failed): bigint | Failed {
  const digits = text.replace(ZEROS, '$1');
  if (digits.length > DIGITS_MAX + 1) return otherwise;
  const value = BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
  return value < least || value > most ? otherwise : value;
}
