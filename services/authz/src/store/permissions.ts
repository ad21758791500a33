import { Failure } from '@gatehouse/failure';
import { statement, type Transaction } from '@gatehouse/postgres';
import type { Permission } from '../domain/permission.ts';
import { permissionNotFound } from '../domain/role.ts';

const INSERT = statement<{ id: string }>(
  'authz.insert-permission',
  `insert into authz.permissions (id, resource, action, description, category, is_dangerous, created_at, created_by,
     condition)
   values ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::boolean, $7::timestamptz, $8::uuid, $9::text)
   on conflict (name) do nothing returning id`,
);
const FIND_IDS = statement<{ id: string; name: string }>(
  'authz.find-permission-ids',
  'select id, name from authz.permissions where name = any($1::text[])',
);

/** Stores a permission. Throws Failure `taken` PERMISSION_NAME_TAKEN. */
export async function insertPermission(tx: Transaction, permission: Permission): Promise<void> {
  const { id, resource, action, description, category, isDangerous, createdAt, createdBy, condition } = permission;
  const values = [id, resource, action, description, category, isDangerous, createdAt, createdBy ?? null, condition];
  const [row] = await tx.query(INSERT, values);
  if (!row) throw new Failure('taken', 'PERMISSION_NAME_TAKEN', 'There is a permission with this name already.');
}

/** The ids of permissions by name. Throws Failure `missing` PERMISSION_NOT_FOUND when one does not exist. */
export async function requirePermissionIds(
  tx: Transaction,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const ids = new Map((await tx.query(FIND_IDS, [names])).map(({ id, name }) => [name, id]));
  const missing = names.filter((name) => !ids.has(name));
  if (missing.length > 0) throw permissionNotFound(missing);
  return ids;
}
