import type { Condition } from '../condition/condition.ts';
import { withOpen } from '../condition/with-open.ts';
import { compare } from './compare.ts';
import { and, decide, type Evaluated, holds, type Question, type Verdict } from './decide.ts';
import { type Grant, isInForce } from './grant.ts';
import { type HeldPermission, lineage, type Model, type ModelRole } from './model.ts';
import { ANY, splitPermission } from './permission-name.ts';
import type { QuestionMeter } from './question-meter.ts';
import { covers } from './scope.ts';

/** A permission that a user has, or is denied, and where from. */
export interface UserPermission {
  readonly grant: Grant;
  /** The roles from the one that was granted up to the one that holds the permission. */
  readonly through: readonly ModelRole[];
  readonly held: HeldPermission;
}

/** Where a permission stands among all of a user: by scope, granted role, ancestor of that, and name. */
export interface PermissionPosition {
  readonly scope: string;
  readonly roleId: string;
  /** How many levels the role that holds it lies above the one that was granted. */
  readonly above: number;
  readonly name: string;
}

/**
 * What a user's grants hold for the resource, as the roles hold it, allowed and denied alike, in the order of their
 * positions; `after` leaves out what does not come after it. Grants that have ended by `nowMs` are left out. Works out no
 * more than is taken.
 */
export function* heldPermissions(
  model: Model,
  grants: readonly Grant[],
  { resource, nowMs }: { readonly resource: string; readonly nowMs: number },
  after?: PermissionPosition,
): Generator<UserPermission> {
  const covering = grants
    .filter(({ scope, validUntilMs }) => covers(scope, resource) && nowMs < validUntilMs)
    .sort((a, b) => compare(a.scope, b.scope) || compare(a.roleId, b.roleId));
  for (const grant of covering) {
    const order = after ? compare(grant.scope, after.scope) || compare(grant.roleId, after.roleId) : 1;
    if (order < 0) continue;
    const through: ModelRole[] = [];
    for (const role of lineage(model, grant.roleId)) {
      through.push(role);
      const above = through.length - 1;
      if (after && order === 0 && above < after.above) continue;
      const name = after && order === 0 && above === after.above ? after.name : '';
      const held = role.permissions.filter((each) => each.name > name).sort((a, b) => compare(a.name, b.name));
      for (const each of held) yield { grant, through: [...through], held: each };
    }
  }
}

export function positionOf({ grant: { scope, roleId }, through, held: { name } }: UserPermission): PermissionPosition {
  return { scope, roleId, above: through.length - 1, name };
}

/** What now comes of a permission of a user. */
export interface PresentStanding {
  /**
   * Whether it counts: its grant is in force, and the conditions of both hold. Under a name with a wildcard, a condition on
   * which permission is asked for is undetermined.
   */
  readonly counts: Evaluated;
  /**
   * What is decided of this very name by all grants; undefined for a name with a wildcard, and where the question is refused
   * because of what its conditions take.
   */
  readonly verdict: Verdict | undefined;
}

/**
 * How a permission stands now, of a user who has these grants; undefined where the meter, which must serve no other name, has
 * stopped. Throws as `decide` does where the request is refused.
 */
export function presentStanding(
  { grant, held }: UserPermission,
  model: Model,
  grants: readonly Grant[],
  question: Omit<Question, 'permission'>,
  meter: QuestionMeter,
): PresentStanding | undefined {
  const asked = { ...question, permission: held.name };
  const isOpen = isPattern(held.name);
  const open = (condition: Condition | undefined) => (isOpen ? withOpen(condition, 'permission') : condition);
  const both = () => and(holds(open(grant.condition), asked, meter), holds(open(held.condition), asked, meter));
  meter.nextAlike().resume();
  const counts = meter.settle(isInForce(grant, question.nowMs) ? both() : NEVER);
  if (!counts || isOpen) return counts && { counts, verdict: undefined };
  try {
    const verdict = decide(model, grants, asked, meter);
    return verdict && { counts, verdict };
  } catch (error) {
    if (meter.limit !== 'question') throw error;
    return { counts, verdict: undefined };
  }
}

const NEVER: Evaluated = { outcome: 'false', why: '' };

/** Whether the name stands for many permissions. */
export function isPattern(name: string): boolean {
  const { resource, action } = splitPermission(name);
  return resource === ANY || action === ANY;
}
