import { Failure } from '@gatehouse/failure';

/** A named set of permissions, which also holds those of its ancestors. */
export interface Role {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly parentRoleId: string | undefined;
  /** Number of ancestors. */
  readonly level: number;
  readonly createdAt: Date;
  /** The user who created it; undefined when an operator did. */
  readonly createdBy: string | undefined;
}

/** Most ancestors of a role. The database holds the same limit. */
export const LEVEL_MAX = 32;

/** A role as it is stored. */
export interface StoredRole extends Role {
  readonly isSystemRole: boolean;
  readonly updatedAt: Date;
}

/** The level of a role below `parent`. Throws Failure `precondition` ROLE_TOO_DEEP when that is below LEVEL_MAX levels. */
export function levelBelow(parent: { readonly level: number } | undefined): number {
  const level = parent ? parent.level + 1 : 0;
  if (level > LEVEL_MAX) throw roleTooDeep();
  return level;
}

export function roleTooDeep(): Failure {
  const sentence = `The role would lie more than ${LEVEL_MAX} levels below its topmost ancestor.`;
  return new Failure('precondition', 'ROLE_TOO_DEEP', sentence);
}

/** Throws Failure `precondition` SYSTEM_ROLE_PROTECTED. */
export function assertChangeable({ isSystemRole }: StoredRole): void {
  if (!isSystemRole) return;
  throw new Failure('precondition', 'SYSTEM_ROLE_PROTECTED', 'Gatehouse needs this role as it is.');
}

/** Throws Failure `precondition` ROLE_IN_USE. */
export function assertUnused({ grants, children }: { readonly grants: number; readonly children: number }): void {
  if (grants === 0 && children === 0) return;
  throw new Failure('precondition', 'ROLE_IN_USE', 'There are users who have the role, or roles below it.', {
    metadata: { grants: String(grants), children: String(children) },
  });
}

export function parentRoleNotFound(): Failure {
  return new Failure('missing', 'PARENT_ROLE_NOT_FOUND', 'There is no role with the id of the parent.');
}

/** Throws Failure `invalid` FIELD_INVALID when a role would both hold and deny a permission. */
export function assertDisjoint(permissions: readonly string[], denied: readonly string[]): void {
  const twice = denied.find((name) => permissions.includes(name));
  if (twice === undefined) return;
  const description = `holds ${twice}, which "permissions" holds as well`;
  throw new Failure('invalid', 'FIELD_INVALID', `The field denied_permissions ${description}.`, {
    fields: [{ field: 'denied_permissions', description }],
  });
}

/** Most characters of names in one failure: they travel in headers, which peers limit to a few KiB. */
const NAMED_CHARACTERS_MAX = 1_500;

/** Names the permissions that do not exist, as many of them as fit; `missing` says how many there are. */
export function permissionNotFound(names: readonly string[]): Failure {
  let named = '';
  for (const name of names) {
    const longer = named === '' ? name : `${named},${name}`;
    if (longer.length > NAMED_CHARACTERS_MAX) break;
    named = longer;
  }
  return new Failure('missing', 'PERMISSION_NOT_FOUND', 'Not every permission that the role should hold exists.', {
    metadata: { permissions: named, missing: String(names.length) },
  });
}
