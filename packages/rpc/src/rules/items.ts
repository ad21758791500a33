import type { Rules, ValueCheck } from './scalars.ts';
import type { Violations } from './violations.ts';

/** Checks how many items a list or entries a map has. */
export function checkSize(size: number, rules: Rules, noun: string, field: string, violations: Violations): void {
  const fewest = Math.max(rules.minItems ?? 0, rules.required ? 1 : 0);
  if (size < fewest)
    violations.push({ field, description: `must hold at least ${fewest} ${noun}`, reason: 'MIN_ITEMS' });
  if (rules.maxItems && size > rules.maxItems) {
    violations.push({ field, description: `must hold at most ${rules.maxItems} ${noun}`, reason: 'MAX_ITEMS' });
  }
}

/** Checks the items of a list. */
export function checkItems(check: ValueCheck, items: readonly unknown[], path: string, violations: Violations): void {
  for (let index = 0; index < items.length; index += 1) checkOne(check, items[index], path, index, '', violations);
}

/** Checks one of many. Its path is put together only if it is wrong, which nearly none is. */
export function checkOne(
  check: ValueCheck,
  item: unknown,
  path: string,
  index: number,
  part: string,
  violations: Violations,
): void {
  const before = violations.count;
  const { isFull } = violations;
  check(item, '', violations);
  if (isFull || violations.count === before) return;
  violations.takeBack(before);
  check(item, `${path}[${index}]${part}`, violations);
}
