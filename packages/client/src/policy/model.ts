import type { Condition } from '../condition/condition.ts';
import { ANY, splitPermission } from './permission-name.ts';

/** Whether holding a permission allows it or denies it; a denial beats whatever allows. */
export type Effect = 'allow' | 'deny';

/** A permission as a role holds it. */
export interface HeldPermission {
  /** `resource:action`; `*` on either side stands for all. */
  readonly name: string;
  readonly effect: Effect;
  /**
   * Of what is allowed the condition of the permission, of what is denied that of the denial: what is said of a permission
   * must not make a denial weaker. undefined: always.
   */
  readonly condition: Condition | undefined;
}

/** A role as the model holds it: its own permissions, without those of its ancestors. */
export interface ModelRole {
  readonly id: string;
  readonly name: string;
  readonly parentId: string | undefined;
  readonly permissions: readonly HeldPermission[];
}

/** Two roles that one user may not hold together, themselves or through descendants. */
export interface RoleExclusion {
  readonly roleId: string;
  readonly excludedRoleId: string;
}

/** What follows from holding a permission, and the condition under which it does. */
export interface Rule {
  readonly effect: Effect;
  readonly condition: Condition | undefined;
}

/** What a role and its ancestors hold, by the four kinds of names. */
export interface RoleClosure {
  /** Whether nothing in it denies or has a condition. */
  readonly isPlain: boolean;
  /** `documents:read`, whole. */
  readonly names: ReadonlyMap<string, readonly Rule[]>;
  /** `documents:*`, by resource. */
  readonly resources: ReadonlyMap<string, readonly Rule[]>;
  /** `*:read`, by action. */
  readonly actions: ReadonlyMap<string, readonly Rule[]>;
  /** `*:*` */
  readonly everything: readonly Rule[];
}

/** All roles, as of one revision. It never changes: a newer one takes its place. */
export interface Model {
  readonly revision: bigint;
  readonly roles: ReadonlyMap<string, ModelRole>;
  readonly exclusions: readonly RoleExclusion[];
  /** Whether any role denies something. */
  readonly denies: boolean;
  /** What the role allows and denies, its ancestors included; undefined for a role that the model does not know. */
  closure(roleId: string): RoleClosure | undefined;
}

/**
 * Makes a model of roles. A parent must come before its children; throws when one does not, because a role without the
 * permissions of its parent would deny what it should allow.
 *
 * A closure is made when its role is first asked about, and kept: what nobody is granted takes no memory but its rows.
 */
export function compileModel(
  revision: bigint,
  roles: readonly ModelRole[],
  exclusions: readonly RoleExclusion[] = [],
): Model {
  const known = new Map<string, ModelRole>();
  let denies = false;
  for (const role of roles) {
    if (role.parentId !== undefined && !known.has(role.parentId)) {
      throw new Error(`The role ${role.id} comes before its parent.`);
    }
    known.set(role.id, role);
    denies ||= role.permissions.some(({ effect }) => effect === 'deny');
  }
  const closures = new Map<string, RoleClosure>();
  const close = (role: ModelRole): RoleClosure => {
    const made = closures.get(role.id);
    if (made) return made;
    const parent = role.parentId === undefined ? undefined : known.get(role.parentId);
    const closure = extend(parent ? close(parent) : NOTHING, role.permissions);
    closures.set(role.id, closure);
    return closure;
  };
  return {
    revision,
    roles: known,
    exclusions,
    denies,
    closure(roleId) {
      const made = closures.get(roleId);
      if (made) return made;
      const role = known.get(roleId);
      return role && close(role);
    },
  };
}

/** A role and its ancestors, from the role itself to the topmost. */
export function* lineage(model: Model, roleId: string): Generator<ModelRole> {
  let role = model.roles.get(roleId);
  while (role) {
    yield role;
    role = role.parentId === undefined ? undefined : model.roles.get(role.parentId);
  }
}

/** Whether the name, as a role holds it, stands for the permission. */
export function matches(held: string, permission: string): boolean {
  const left = splitPermission(held);
  const right = splitPermission(permission);
  return (
    (left.resource === ANY || left.resource === right.resource) && (left.action === ANY || left.action === right.action)
  );
}

type Rules = ReadonlyMap<string, readonly Rule[]>;

const NONE: Rules = new Map();
const NO_RULES: readonly Rule[] = [];
const NOTHING: RoleClosure = { isPlain: true, names: NONE, resources: NONE, actions: NONE, everything: NO_RULES };
const PLAIN: Rule = { effect: 'allow', condition: undefined };
const DENY: Rule = { effect: 'deny', condition: undefined };
// Nearly every rule is one of these two, and memory is per process. The first is all that a plain role has.
export const ONLY_ALLOW: readonly Rule[] = [PLAIN];
const ONLY_DENY: readonly Rule[] = [DENY];

/** Maps that a role adds nothing to are shared with its parent: most hierarchies are wide. */
function extend(parent: RoleClosure, permissions: readonly HeldPermission[]): RoleClosure {
  const own = permissions.map((held) => ({ held, ...splitPermission(held.name) }));
  const pick = (anyResource: boolean, anyAction: boolean, keyOf: (each: (typeof own)[number]) => string) =>
    own
      .filter(({ resource, action }) => (resource === ANY) === anyResource && (action === ANY) === anyAction)
      .map((each): [string, HeldPermission] => [keyOf(each), each.held]);
  const everything = pick(true, true, () => ANY).reduce((rules, [, held]) => add(rules, held), parent.everything);
  return {
    isPlain: parent.isPlain && permissions.every(({ effect, condition }) => effect === 'allow' && !condition),
    names: merge(
      parent.names,
      pick(false, false, ({ held }) => held.name),
    ),
    resources: merge(
      parent.resources,
      pick(false, true, ({ resource }) => resource),
    ),
    actions: merge(
      parent.actions,
      pick(true, false, ({ action }) => action),
    ),
    everything,
  };
}

function merge(inherited: Rules, own: readonly [string, HeldPermission][]): Rules {
  const added = own.filter(([key, held]) => add(inherited.get(key) ?? NO_RULES, held) !== inherited.get(key));
  if (added.length === 0) return inherited;
  const merged = new Map(inherited);
  for (const [key, held] of added) merged.set(key, add(merged.get(key) ?? NO_RULES, held));
  return merged;
}

/** The rules with one more, unless it is among them. */
function add(rules: readonly Rule[], { effect, condition }: HeldPermission): readonly Rule[] {
  if (rules.some((rule) => rule.effect === effect && rule.condition === condition)) return rules;
  if (condition) return [...rules, { effect, condition }];
  if (rules.length === 0) return effect === 'allow' ? ONLY_ALLOW : ONLY_DENY;
  return [...rules, effect === 'allow' ? PLAIN : DENY];
}
