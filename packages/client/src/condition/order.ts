import { pay } from './meter.ts';
import { Duration, Timestamp, Uint, type Value } from './values.ts';

/**
 * How two values stand to each other: below 0, 0 or above, NaN where there is no order (with NaN). undefined for values that
 * are not compared: numbers are with numbers of every type, all else with its own kind. Pays for text by its length.
 */
export function order(a: Value, b: Value): number | undefined {
  if (typeof a === 'string') return typeof b === 'string' ? orderTexts(a, b) : undefined;
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : undefined;
  if (a instanceof Timestamp) {
    return b instanceof Timestamp ? a.seconds - b.seconds || a.nanos - b.nanos : undefined;
  }
  if (a instanceof Duration) return b instanceof Duration ? orderNumbers(a.nanos, b.nanos) : undefined;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? orderBytes(a, b) : undefined;
  const [x, y] = [numberOf(a), numberOf(b)];
  return x === undefined || y === undefined ? undefined : orderNumbers(x, y);
}

function numberOf(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return value instanceof Uint ? value.value : undefined;
}

/** A whole number stands to a double as the double does that is nearest to it: so cel-spec's tests have it. */
function orderNumbers(a: number | bigint, b: number | bigint): number {
  if (typeof a !== typeof b) return orderNumbers(Number(a), Number(b));
  if (a < b) return -1;
  if (a > b) return 1;
  return a >= b ? 0 : Number.NaN;
}

function orderBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  pay(length >>> 4);
  for (let at = 0; at < length; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Characters that are compared in one go: whole pieces take the machine a tenth of the time that each by itself does. */
const PIECE_CHARACTERS = 256;

/** By code points: what is written as two halves stands above all that is written as one. */
function orderTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  pay(length >>> 4);
  for (let from = 0; from < length; from += PIECE_CHARACTERS) {
    const x = a.slice(from, from + PIECE_CHARACTERS);
    const y = b.slice(from, from + PIECE_CHARACTERS);
    if (x !== y) return orderPieces(x, y);
  }
  return a.length - b.length;
}

function orderPieces(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (at === length) return a.length - b.length;
  return rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
