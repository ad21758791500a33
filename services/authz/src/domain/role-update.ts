import { Failure } from '@gatehouse/failure';

/** Names of permissions whose effect in a role is to change. */
export interface HeldChange {
  readonly addPermissions: readonly string[];
  readonly removePermissions: readonly string[];
  readonly addDeniedPermissions: readonly string[];
  readonly removeDeniedPermissions: readonly string[];
  /** Of `addDeniedPermissions`. */
  readonly denialConditions: readonly DenialCondition[];
}

export type Effect = 'allow' | 'deny';

/** The condition under which a permission is denied, in CEL. */
export interface DenialCondition {
  readonly permission: string;
  readonly condition: string;
}

/** How a role has a permission. */
export interface HeldAs {
  readonly effect: Effect;
  /** Of what is denied: under which it is, in CEL. Empty: always. */
  readonly condition: string;
}

/** What a role holds and denies, by name. */
export type Held = ReadonlyMap<string, HeldAs>;

/** The same as lists of names, and the conditions of those that are denied under one. */
export interface HeldLists {
  readonly permissions: readonly string[];
  readonly deniedPermissions: readonly string[];
  readonly denialConditions: readonly DenialCondition[];
}

/** Most permissions that a role holds and denies together. */
export const ROLE_PERMISSIONS_MAX = 2_000;
/** Most permissions that a role denies under conditions. The protos hold the same limit. */
export const DENIAL_CONDITIONS_MAX = 200;

const ALLOWS: HeldAs = { effect: 'allow', condition: '' };
const DENIES: HeldAs = { effect: 'deny', condition: '' };

/** What is allowed has no condition here: it has that of the permission. */
export function heldAs(effect: Effect, condition: string): HeldAs {
  if (effect === 'allow') return ALLOWS;
  return condition === '' ? DENIES : { effect, condition };
}

/** Whether two ways of having a permission come to the same. */
export function isSameHold(one: HeldAs | undefined, other: HeldAs | undefined): boolean {
  return one?.effect === other?.effect && one?.condition === other?.condition;
}

/** How each is held, by name: `permissions` are allowed, and `denied` are, under their conditions. */
export function* heldEntries(
  permissions: readonly string[],
  denied: readonly string[],
  conditions: readonly DenialCondition[],
): Generator<[string, HeldAs]> {
  const byName = new Map(conditions.map(({ permission, condition }) => [permission, condition]));
  for (const name of permissions) yield [name, ALLOWS];
  for (const name of denied) yield [name, heldAs('deny', byName.get(name) ?? '')];
}

/** What is wrong with the conditions of what is denied, of which each must be of one of the names, and of another one. */
export function* denialProblems(
  denied: readonly string[],
  conditions: readonly DenialCondition[],
): Generator<{ readonly index: number; readonly permission: string; readonly isTwice: boolean }> {
  const names = new Set(denied);
  const seen = new Set<string>();
  for (const [index, { permission }] of conditions.entries()) {
    if (!names.has(permission) || seen.has(permission)) yield { index, permission, isTwice: seen.has(permission) };
    seen.add(permission);
  }
}

/** Throws Failure `invalid` FIELD_INVALID when a condition is of something else than what `field` lists, or of it again. */
export function assertDenials(field: string, denied: readonly string[], conditions: readonly DenialCondition[]): void {
  for (const { index, permission, isTwice } of denialProblems(denied, conditions)) {
    const place = `denial_conditions[${index}].permission`;
    const description = isTwice ? `names ${permission} again` : `names ${permission}, which "${field}" does not`;
    throw new Failure('invalid', 'FIELD_INVALID', `The field ${place} ${description}.`, {
      fields: [{ field: place, description }],
    });
  }
}

/** Throws Failure `invalid` FIELD_INVALID when a change names a permission in two of its lists. */
export function assertOnce(change: HeldChange): void {
  const seen = new Set<string>();
  for (const [field, names] of listsOf(change)) {
    for (const name of names) {
      if (!seen.has(name)) {
        seen.add(name);
        continue;
      }
      const description = `holds ${name}, which another list holds as well`;
      throw new Failure('invalid', 'FIELD_INVALID', `The field ${field} ${description}.`, {
        fields: [{ field, description }],
      });
    }
  }
}

/** All names in a change. */
export function namesOf(change: HeldChange): string[] {
  return listsOf(change).flatMap(([, names]) => names);
}

/**
 * What the role holds and denies after the change. Removing what is not there does nothing. Throws Failure `limited`
 * ROLE_PERMISSIONS_TOO_MANY.
 */
export function change(held: Held, wanted: HeldChange): Held {
  const after = new Map(held);
  for (const name of wanted.removePermissions) if (after.get(name)?.effect === 'allow') after.delete(name);
  for (const name of wanted.removeDeniedPermissions) if (after.get(name)?.effect === 'deny') after.delete(name);
  const added = heldEntries(wanted.addPermissions, wanted.addDeniedPermissions, wanted.denialConditions);
  for (const [name, each] of added) after.set(name, each);
  if (after.size > ROLE_PERMISSIONS_MAX && after.size > held.size) {
    throw tooMany(`hold and deny more than ${ROLE_PERMISSIONS_MAX} permissions`);
  }
  if (denialsWithCondition(after).length > DENIAL_CONDITIONS_MAX) {
    throw tooMany(`deny more than ${DENIAL_CONDITIONS_MAX} permissions under conditions`);
  }
  return after;
}

function tooMany(what: string): Failure {
  return new Failure('limited', 'ROLE_PERMISSIONS_TOO_MANY', `The role would ${what}.`);
}

/** Each list in the order of names. */
export function toHeldLists(held: Held) {
  return {
    permissions: namesWith('allow', held),
    deniedPermissions: namesWith('deny', held),
    denialConditions: denialsWithCondition(held),
  } satisfies HeldLists;
}

/** The names with one effect, in order. */
export function namesWith(effect: Effect, held: Held): string[] {
  return [...held].flatMap(([name, each]) => (each.effect === effect ? [name] : [])).sort();
}

/** What is denied under conditions, in the order of names. */
export function denialsWithCondition(held: Held): DenialCondition[] {
  return [...held]
    .flatMap(([permission, { condition }]) => (condition === '' ? [] : [{ permission, condition }]))
    .sort((a, b) => (a.permission < b.permission ? -1 : 1));
}

/** `a:b if context.c`: how a denial is told. */
export function denialInWords({ permission, condition }: DenialCondition): string {
  return `${permission} if ${condition}`;
}

function listsOf(change: HeldChange): [string, readonly string[]][] {
  return [
    ['add_permissions', change.addPermissions],
    ['remove_permissions', change.removePermissions],
    ['add_denied_permissions', change.addDeniedPermissions],
    ['remove_denied_permissions', change.removeDeniedPermissions],
  ];
}
