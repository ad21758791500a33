import { assertDenials, type DenialCondition } from '../domain/role-update.ts';
import { assertCondition } from './conditions.ts';

/**
 * The conditions of what is denied, of which `field` has the names. Throws Failure `invalid` FIELD_INVALID when one is of
 * something else, and CONDITION_INVALID for one that can't be compiled.
 */
export function assertDenialConditions(
  field: string,
  denied: readonly string[],
  conditions: readonly DenialCondition[],
): void {
  assertDenials(field, denied, conditions);
  for (const [index, { condition }] of conditions.entries()) {
    assertCondition(`denial_conditions[${index}].condition`, condition);
  }
}
