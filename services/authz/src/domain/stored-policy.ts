import type { RoleExclusion } from './exclusion.ts';
import { nameOf, type Permission } from './permission.ts';
import { keyOf, type PolicyDocument } from './policy-document.ts';
import type { StoredRole } from './role.ts';
import { type Held, toHeldLists } from './role-update.ts';

/** A role with what it itself holds and denies. */
export interface HoldingRole extends StoredRole {
  readonly held: Held;
}

/** The model as it is stored, by the names that a document has for it. */
export interface StoredPolicy {
  readonly permissions: ReadonlyMap<string, Permission>;
  readonly roles: ReadonlyMap<string, HoldingRole>;
  /** By the key that the document has for them. */
  readonly exclusions: ReadonlyMap<string, StoredExclusion>;
}

/** An exclusion with the names of its roles: `role` comes first by name. */
export interface StoredExclusion extends RoleExclusion {
  readonly role: string;
  readonly excludedRole: string;
}

/** Puts together what was read. */
export function storedPolicy(
  permissions: readonly Permission[],
  roles: readonly StoredRole[],
  held: ReadonlyMap<string, Held>,
  exclusions: readonly RoleExclusion[],
): StoredPolicy {
  const nameById = new Map(roles.map(({ id, name }) => [id, name]));
  const named = exclusions.map((exclusion): StoredExclusion => {
    const names = [nameById.get(exclusion.roleId) ?? '', nameById.get(exclusion.excludedRoleId) ?? ''].sort();
    return { ...exclusion, role: names[0] ?? '', excludedRole: names[1] ?? '' };
  });
  return {
    permissions: new Map(permissions.map((each) => [nameOf(each), each])),
    roles: new Map(roles.map((role) => [role.name, { ...role, held: held.get(role.id) ?? new Map() }])),
    exclusions: new Map(named.map((each) => [keyOf(each), each])),
  };
}

/** Names of roles by their ids. */
export function roleNames({ roles }: StoredPolicy): ReadonlyMap<string, string> {
  return new Map([...roles.values()].map(({ id, name }) => [id, name]));
}

/** The document that says what is stored, in the order of names. */
export function toDocument(stored: StoredPolicy): PolicyDocument {
  const names = roleNames(stored);
  const byName = <T>(map: ReadonlyMap<string, T>) =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  return {
    permissions: byName(stored.permissions).map((permission) => {
      const { description, category, isDangerous, condition } = permission;
      return { name: nameOf(permission), description, category, isDangerous, condition };
    }),
    roles: byName(stored.roles).map(({ name, description, parentRoleId, held }) => ({
      name,
      description,
      parent: parentRoleId === undefined ? '' : (names.get(parentRoleId) ?? ''),
      ...toHeldLists(held),
    })),
    exclusions: byName(stored.exclusions).map(({ role, excludedRole, reason }) => ({ role, excludedRole, reason })),
  };
}
