import { KEY_STEPS, sizeOfMap } from './keys.ts';
import { kindOf, NO_JSON, TYPE_NAMES } from './kinds.ts';
import type { Overload, TypeName } from './overload.ts';
import { type CelMap, type Failed, type JsonObject, TypeValue, type Value } from './values.ts';

/** `size(x)`, `x.size()` and `type(x)`. */
export const SIZES: readonly Overload[] = [
  ...sizes(
    'string',
    (text: string) => BigInt(codePoints(text)),
    (text: string) => text.length / 4,
  ),
  ...sizes('bytes', (bytes: Uint8Array) => BigInt(bytes.length)),
  ...sizes('list', (list: readonly Value[]) => BigInt(list.length)),
  // Its keys have to be listed to be counted.
  ...sizes(
    'map',
    (map: CelMap | JsonObject) => BigInt(sizeOfMap(map)),
    (map: CelMap | JsonObject) => KEY_STEPS * sizeOfMap(map),
  ),
  { name: 'type', isMethod: false, parameters: ['dyn'], result: 'type', call: typeOf },
];

function sizes(type: TypeName, call: Overload['call'], cost?: NonNullable<Overload['cost']>): readonly Overload[] {
  return [false, true].map((isMethod) => {
    return { name: 'size', isMethod, parameters: [type], result: 'int', call, ...(cost && { cost }) };
  });
}

/** How many code points a text has: as many as units, less the second halves. */
function codePoints(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0xdc00 || unit > 0xdfff) count += 1;
  }
  return count;
}

const TYPES = new Map(Object.entries(TYPE_NAMES).map(([kind, name]) => [kind, new TypeValue(name)]));

function typeOf(value: Value): Value | Failed {
  const kind = kindOf(value);
  return kind === 'unknown' ? NO_JSON : (TYPES.get(kind) ?? NO_JSON);
}
