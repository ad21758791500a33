/** The names by which the library of conditions tells kinds of objects, or which it passes over. */
const TAKEN: ReadonlySet<string> = new Set(['constructor', 'prototype', '__proto__']);

/**
 * A value of JSON in which every key is a key for conditions and nothing else: as it is, or as maps where an object in it has
 * one of the keys that mean something to the library. Callers limit how deep it is.
 */
export function withPlainKeys(value: unknown): unknown {
  return hasTakenKey(value) ? asMaps(value) : value;
}

function hasTakenKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasTakenKey);
  for (const key of Object.keys(value)) {
    if (TAKEN.has(key) || hasTakenKey((value as Record<string, unknown>)[key])) return true;
  }
  return false;
}

function asMaps(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asMaps);
  return new Map(Object.entries(value).map(([key, each]) => [key, asMaps(each)]));
}
