import { keysOf, lookUp, sizeOfMap } from './keys.ts';
import { kindOf, NO_JSON } from './kinds.ts';
import { pay } from './meter.ts';
import {
  Address,
  CelMap,
  Duration,
  Failed,
  type JsonObject,
  Network,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from './values.ts';

/** Most levels of lists and maps that are compared. */
const LEVELS_MAX = 64;
const TOO_DEEP = new Failed(`Lists and maps are compared to a depth of ${LEVELS_MAX} levels`);

/**
 * `==`: values of different kinds are not equal, and numbers are equal where they are the same number. Pays for each item of
 * a list 1, for each key of a map 6, and for text by its length.
 */
export function equal(a: Value, b: Value, level = 0): boolean | Failed {
  switch (typeof a) {
    case 'string':
      if (typeof b !== 'string') return different(b);
      if (a.length !== b.length) return false;
      pay(a.length >>> 6);
      return a === b;
    case 'boolean':
      return typeof b === 'boolean' ? a === b : different(b);
    case 'number':
      if (typeof b === 'number') return a === b;
      if (typeof b === 'bigint') return isSameNumber(b, a);
      return b instanceof Uint ? isSameNumber(b.value, a) : different(b);
    case 'bigint':
      if (typeof b === 'bigint') return a === b;
      if (typeof b === 'number') return isSameNumber(a, b);
      return b instanceof Uint ? a === b.value : different(b);
    case 'object':
      if (a === null) return b === null || different(b);
      return equalObjects(a, b, level);
    default:
      return NO_JSON;
  }
}

/** Values of two kinds are not equal; of what is no JSON nothing is known. */
function different(other: Value): false | Failed {
  return kindOf(other) === 'unknown' ? NO_JSON : false;
}

function equalObjects(a: Value & object, b: Value, level: number): boolean | Failed {
  const kind = kindOf(a);
  if (kind === 'unknown') return NO_JSON;
  if (kind === 'uint' && typeof b !== 'object') return equal(b, a, level);
  if (kind !== kindOf(b)) return different(b);
  if (level === LEVELS_MAX) return TOO_DEEP;
  switch (kind) {
    case 'list':
      return equalLists(a as readonly Value[], b as readonly Value[], level + 1);
    case 'map':
      return equalMaps(a as CelMap | JsonObject, b as CelMap | JsonObject, level + 1);
    default:
      return equalScalars(a, b);
  }
}

function equalScalars(a: Value, b: Value): boolean {
  if (a instanceof Uint) return b instanceof Uint && a.value === b.value;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.seconds === b.seconds && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  if (a instanceof Address) return b instanceof Address && equalBytes(a.bytes, b.bytes);
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (!(a instanceof Network && b instanceof Network)) return false;
  return a.prefixLength === b.prefixLength && equalBytes(a.address.bytes, b.address.bytes);
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  pay(a.length >>> 6);
  return a.every((byte, index) => byte === b[index]);
}

function equalLists(a: readonly Value[], b: readonly Value[], level: number): boolean | Failed {
  if (a.length !== b.length) return false;
  let failed: Failed | undefined;
  for (let index = 0; index < a.length; index += 1) {
    pay(1);
    const same = equal(a[index] as Value, b[index] as Value, level);
    if (same === false) return false;
    if (same !== true) failed ??= same;
  }
  return failed ?? true;
}

function equalMaps(a: CelMap | JsonObject, b: CelMap | JsonObject, level: number): boolean | Failed {
  const keys = keysOf(a);
  const count = sizeOfMap(b);
  pay(6 * Math.max(keys.length, count));
  if (keys.length !== count) return false;
  let failed: Failed | undefined;
  for (const key of keys) {
    if (typeof key === 'string') pay(key.length >>> 2);
    const other = lookUp(b, key);
    if (other === undefined) return false;
    const same = equal(ownValue(a, key), other, level);
    if (same === false) return false;
    if (same !== true) failed ??= same;
  }
  return failed ?? true;
}

/** What a map has under one of its own keys. */
function ownValue(map: CelMap | JsonObject, key: Value): Value {
  return typeof key === 'string' && !(map instanceof CelMap) ? (map[key] as Value) : (lookUp(map, key) as Value);
}

/** Exact, beyond 2^53 as well: not by making a double of the int. */
export function isSameNumber(whole: bigint, double: number): boolean {
  return Number.isInteger(double) && BigInt(double) === whole;
}

/** `in`: whether a list holds an item that is equal, or a map the key. */
export function isIn(item: Value, list: readonly Value[]): boolean | Failed {
  let failed: Failed | undefined;
  for (let index = 0; index < list.length; index += 1) {
    pay(1);
    const same = equal(item, list[index] as Value);
    if (same === true) return true;
    if (same !== false) failed ??= same;
  }
  return failed ?? false;
}
