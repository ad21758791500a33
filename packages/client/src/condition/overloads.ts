import { FUNCTIONS } from './functions/index.ts';
import { OPERATORS } from './operators.ts';
import type { Overload } from './overload.ts';
import { SIZES } from './sizes.ts';

const NONE: readonly Overload[] = [];
const byName = new Map<string, readonly Overload[]>();
for (const overload of [...OPERATORS, ...SIZES, ...FUNCTIONS]) {
  byName.set(overload.name, [...(byName.get(overload.name) ?? NONE), overload]);
}

/** All ways to call a function, method or operator of the name. */
export function overloadsOf(name: string): readonly Overload[] {
  return byName.get(name) ?? NONE;
}
