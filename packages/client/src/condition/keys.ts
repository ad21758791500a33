import { CelMap, type JsonObject, type MapKey, Uint, type Value } from './values.ts';

/** The key that a value stands for, undefined where no map can have it. */
export function keyOf(value: Value): MapKey | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  if (value instanceof Uint) return value.value;
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint' ? value : undefined;
}

/** What a map has under a key; undefined for nothing. JSON has own keys and no others, and they are texts. */
export function lookUp(map: CelMap | JsonObject, key: Value): Value | undefined {
  if (map instanceof CelMap) {
    const name = keyOf(key);
    return name === undefined ? undefined : map.entries.get(name)?.[1];
  }
  return typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** The keys of a map, in its order. */
export function keysOf(map: CelMap | JsonObject): readonly Value[] {
  return map instanceof CelMap ? Array.from(map.entries.values(), ([key]) => key) : Object.keys(map);
}

/** Steps to list a key of JSON: keys that look like numbers are sorted and made texts for it. */
export const KEY_STEPS = 3;

/** How many keys a map has. */
export function sizeOfMap(map: CelMap | JsonObject): number {
  return map instanceof CelMap ? map.entries.size : Object.keys(map).length;
}
