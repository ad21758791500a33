import { Failure } from '@gatehouse/failure';

/** Names of permissions whose effect in a role is to change. */
export interface HeldChange {
  readonly addPermissions: readonly string[];
  readonly removePermissions: readonly string[];
  readonly addDeniedPermissions: readonly string[];
  readonly removeDeniedPermissions: readonly string[];
}

export type Effect = 'allow' | 'deny';

/** What a role holds and denies, by name. */
export type Held = ReadonlyMap<string, Effect>;

/** Most permissions that a role holds and denies together. */
export const ROLE_PERMISSIONS_MAX = 2_000;

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
  for (const name of wanted.removePermissions) if (after.get(name) === 'allow') after.delete(name);
  for (const name of wanted.removeDeniedPermissions) if (after.get(name) === 'deny') after.delete(name);
  for (const name of wanted.addPermissions) after.set(name, 'allow');
  for (const name of wanted.addDeniedPermissions) after.set(name, 'deny');
  if (after.size > ROLE_PERMISSIONS_MAX && after.size > held.size) {
    const sentence = `The role would hold and deny more than ${ROLE_PERMISSIONS_MAX} permissions.`;
    throw new Failure('limited', 'ROLE_PERMISSIONS_TOO_MANY', sentence);
  }
  return after;
}

/** The names with one effect, in order. */
export function namesWith(effect: Effect, held: Held): string[] {
  return [...held].flatMap(([name, each]) => (each === effect ? [name] : [])).sort();
}

function listsOf(change: HeldChange): [string, readonly string[]][] {
  return [
    ['add_permissions', change.addPermissions],
    ['remove_permissions', change.removePermissions],
    ['add_denied_permissions', change.addDeniedPermissions],
    ['remove_denied_permissions', change.removeDeniedPermissions],
  ];
}
