import { canonicalPermission, canonicalScope, isHeldPermission } from '@gatehouse/client/policy';
import { fieldsInvalid } from '@gatehouse/rpc';

/*
 * Permissions and scopes of messages in the one form in which they are kept and compared. The limits of the fields have seen
 * to the rest; only percent signs are left to look at, and most names have none.
 */

/** A permission that is asked for; empty where none is. Throws Failure `invalid` FIELD_INVALID. */
export function toPermissionName(text: string): string {
  if (!text.includes('%')) return text;
  const name = canonicalPermission(text);
  if (name === undefined) throw badlyEncoded('permission');
  return name;
}

/** A scope, or the path of a resource. Throws Failure `invalid` FIELD_INVALID. */
export function toScope(text: string, field: string): string {
  if (!text.includes('%')) return text;
  const scope = canonicalScope(text);
  if (scope === undefined) throw badlyEncoded(field);
  return scope;
}

/** Throws Failure `invalid` FIELD_INVALID for the name of a permission that nobody could ask for in this form. */
export function assertHeldName(name: string, field: string): void {
  if (name.includes('%') && !isHeldPermission(name)) throw badlyEncoded(field);
}

function badlyEncoded(field: string): Error {
  const description =
    'must have "%" only before the two hexadecimal digits, in large letters, of what has to be encoded';
  return fieldsInvalid([{ field, description }]);
}
