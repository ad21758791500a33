import type { Condition } from '../condition/condition.ts';
import { withOpen } from '../condition/with-open.ts';
import { and, type Evaluated, holds, type Question } from './decide.ts';
import { type Grant, isInForce } from './grant.ts';
import { type HeldPermission, lineage, type Model, type ModelRole } from './model.ts';
import { ANY, splitPermission } from './permission-name.ts';
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

/**
 * Whether it now counts: its grant is in force, and the conditions of both hold. Under a name with a wildcard, a condition
 * on which permission is asked for is undetermined.
 */
export function countsNow({ grant, held }: UserPermission, question: Omit<Question, 'permission'>): Evaluated {
  if (!isInForce(grant, question.nowMs)) return { outcome: 'false', why: '' };
  const open = (condition: Condition | undefined) =>
    isPattern(held.name) ? withOpen(condition, 'permission') : condition;
  const asked = { ...question, permission: held.name };
  return and(holds(open(grant.condition), asked), holds(open(held.condition), asked));
}

/** Whether the name stands for many permissions. */
export function isPattern(name: string): boolean {
  const { resource, action } = splitPermission(name);
  return resource === ANY || action === ANY;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
