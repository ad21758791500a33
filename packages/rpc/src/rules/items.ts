import type { FieldViolation } from '@gatehouse/failure';
import type { Rules, ValueCheck } from './scalars.ts';

/** Checks how many items a list or entries a map has. */
export function checkSize(size: number, rules: Rules, noun: string, field: string, violations: FieldViolation[]): void {
  const fewest = Math.max(rules.minItems ?? 0, rules.required ? 1 : 0);
  if (size < fewest)
    violations.push({ field, description: `must hold at least ${fewest} ${noun}`, reason: 'MIN_ITEMS' });
  if (rules.maxItems && size > rules.maxItems) {
    violations.push({ field, description: `must hold at most ${rules.maxItems} ${noun}`, reason: 'MAX_ITEMS' });
  }
}

/** Checks the items of a list. The path of one is put together only if it is wrong, which nearly none is. */
export function checkItems(
  check: ValueCheck,
  items: readonly unknown[],
  path: string,
  violations: FieldViolation[],
): void {
  for (let index = 0; index < items.length; index += 1) {
    const before = violations.length;
    check(items[index], '', violations);
    if (violations.length === before) continue;
    violations.length = before;
    check(items[index], `${path}[${index}]`, violations);
  }
}
