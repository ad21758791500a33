import { Failure } from '@gatehouse/failure';

/** Something that can be allowed. */
export interface Permission {
  readonly id: string;
  /** What it is about; `*` stands for everything. */
  readonly resource: string;
  /** What is done to it; `*` stands for anything. */
  readonly action: string;
  readonly description: string;
  readonly category: string;
  readonly isDangerous: boolean;
  /** In CEL; empty: none. */
  readonly condition: string;
  readonly createdAt: Date;
  /** The user who created it; undefined when an operator did. */
  readonly createdBy: string | undefined;
}

/** Stands for every resource, or for every action. */
export const ANY = '*';

/** Takes `resource:action` apart. The name must hold one colon, as every name that passed the limits of its field does. */
export function splitName(name: string): { readonly resource: string; readonly action: string } {
  const colon = name.indexOf(':');
  return { resource: name.slice(0, colon), action: name.slice(colon + 1) };
}

/** `resource:action`. */
export function nameOf({ resource, action }: Pick<Permission, 'resource' | 'action'>): string {
  return `${resource}:${action}`;
}

/** There is no permission with the id. */
export function noSuchPermission(): Failure {
  return new Failure('missing', 'PERMISSION_NOT_FOUND', 'There is no such permission.');
}

/** Which roles hold or deny a permission. */
export interface PermissionUse {
  readonly roles: number;
  /** How many of them are system roles. */
  readonly systemRoles: number;
}

/** Throws Failure `precondition` SYSTEM_ROLE_PROTECTED, and PERMISSION_IN_USE unless it is forced. */
export function assertDeletable({ roles, systemRoles }: PermissionUse, force: boolean): void {
  if (systemRoles > 0) {
    throw new Failure('precondition', 'SYSTEM_ROLE_PROTECTED', 'Gatehouse needs a role that holds it as it is.');
  }
  if (roles === 0 || force) return;
  throw new Failure('precondition', 'PERMISSION_IN_USE', 'There are roles that hold or deny the permission.', {
    metadata: { roles: String(roles) },
  });
}
