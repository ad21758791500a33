import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { noSuchPermission, type Permission, type PermissionUse } from '../domain/permission.ts';

export interface PermissionRow {
  id: string;
  resource: string;
  action: string;
  description: string;
  category: string;
  is_dangerous: boolean;
  condition: string;
  created_at: Date;
  created_by: string | null;
}

export const PERMISSION_COLUMNS =
  'id, resource, action, description, category, is_dangerous, condition, created_at, created_by';
const FIND = statement<PermissionRow>(
  'authz.find-permission',
  `select ${PERMISSION_COLUMNS} from authz.permissions where id = $1::uuid`,
);
const LIST = statement<PermissionRow>(
  'authz.list-permissions',
  `select ${PERMISSION_COLUMNS} from authz.permissions where name > $1::text and ($2::text = '' or category = $2::text)
   order by name limit $3::integer`,
);
const UPDATE = statement(
  'authz.update-permission',
  `update authz.permissions set description = $2::text, category = $3::text, is_dangerous = $4::boolean,
     condition = $5::text
   where id = $1::uuid`,
);
const COUNT_USES = statement<{ roles: number; system_roles: number }>(
  'authz.count-uses-of-permission',
  `select count(*)::integer as roles, (count(*) filter (where r.is_system_role))::integer as system_roles
   from authz.role_permissions rp join authz.roles r on r.id = rp.role_id where rp.permission_id = $1::uuid`,
);
const DELETE_HELD = statement(
  'authz.delete-permission-from-roles',
  'delete from authz.role_permissions where permission_id = $1::uuid',
);
const DELETE = statement('authz.delete-permission', 'delete from authz.permissions where id = $1::uuid');

/** A permission. Throws Failure `missing` PERMISSION_NOT_FOUND. */
export async function findPermission(db: Queryable, id: string): Promise<Permission> {
  const [row] = await db.query(FIND, [id]);
  if (!row) throw noSuchPermission();
  return toPermission(row);
}

/** Permissions by name, after `after`; empty `category`: all. One more than `limit` when there are. */
export async function listPermissions(
  db: Queryable,
  { category, after, limit }: { category: string; after: string; limit: number },
): Promise<readonly Permission[]> {
  return (await db.query(LIST, [after, category, limit + 1])).map(toPermission);
}

/** Stores what can change of a permission. */
export async function storePermission(tx: Transaction, permission: Permission): Promise<void> {
  const { id, description, category, isDangerous, condition } = permission;
  await tx.query(UPDATE, [id, description, category, isDangerous, condition]);
}

/** How many roles hold or deny a permission. */
export async function countPermissionUses(tx: Transaction, id: string): Promise<PermissionUse> {
  const [row] = await tx.query(COUNT_USES, [id]);
  return { roles: row?.roles ?? 0, systemRoles: row?.system_roles ?? 0 };
}

/** Removes a permission, out of all roles too. */
export async function deleteStoredPermission(tx: Transaction, id: string): Promise<void> {
  await tx.query(DELETE_HELD, [id]);
  await tx.query(DELETE, [id]);
}

export function toPermission(row: PermissionRow): Permission {
  return {
    id: row.id,
    resource: row.resource,
    action: row.action,
    description: row.description,
    category: row.category,
    isDangerous: row.is_dangerous,
    condition: row.condition,
    createdAt: row.created_at,
    createdBy: row.created_by ?? undefined,
  };
}
