import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { roleNotFound } from '../domain/grant.ts';
import type { StoredRole } from '../domain/role.ts';

export interface RoleRow {
  id: string;
  name: string;
  description: string;
  is_system_role: boolean;
  parent_role_id: string | null;
  level: number;
  created_at: Date;
  updated_at: Date;
  created_by: string | null;
}

export const ROLE_COLUMNS =
  'id, name, description, is_system_role, parent_role_id, level, created_at, updated_at, created_by';
const FIND = statement<RoleRow>('authz.find-role', `select ${ROLE_COLUMNS} from authz.roles where id = $1::uuid`);
const LIST = statement<RoleRow>(
  'authz.list-roles',
  `select ${ROLE_COLUMNS} from authz.roles where name > $1::text and ($2::uuid is null or parent_role_id = $2::uuid)
   order by name limit $3::integer`,
);
const DESCRIBE = statement(
  'authz.describe-role',
  'update authz.roles set description = $2::text, updated_at = $3::timestamptz where id = $1::uuid',
);
// All levels in one statement: the database holds each role exactly one level below its parent.
const MOVE = statement(
  'authz.move-roles',
  `update authz.roles set parent_role_id = case id when $1::uuid then $2::uuid else parent_role_id end,
     level = level + $3::integer, updated_at = $5::timestamptz
   where id = any($4::uuid[])`,
);
const COUNT_USES = statement<{ grants: number; children: number }>(
  'authz.count-uses-of-role',
  `select (select count(*) from authz.role_grants g where g.role_id = $1::uuid
       and (g.valid_until is null or g.valid_until > statement_timestamp()))::integer as grants,
     (select count(*) from authz.roles c where c.parent_role_id = $1::uuid)::integer as children`,
);
const DELETE_GRANTS = statement(
  'authz.delete-grants-of-role',
  'delete from authz.role_grants where role_id = $1::uuid and valid_until <= statement_timestamp()',
);
const DELETE_EXCLUSIONS = statement(
  'authz.delete-exclusions-of-role',
  'delete from authz.role_exclusions where role_id = $1::uuid or excluded_role_id = $1::uuid',
);
const DELETE_PERMISSIONS = statement(
  'authz.delete-permissions-of-role',
  'delete from authz.role_permissions where role_id = $1::uuid',
);
const DELETE = statement('authz.delete-role', 'delete from authz.roles where id = $1::uuid');

/** A role. Throws Failure `missing` ROLE_NOT_FOUND. */
export async function findRole(db: Queryable, id: string): Promise<StoredRole> {
  const [row] = await db.query(FIND, [id]);
  if (!row) throw roleNotFound();
  return toRole(row);
}

/** Roles by name, after `after`; `parentRoleId` undefined: all, else its children. One more than `limit` when there are. */
export async function listRoles(
  db: Queryable,
  { parentRoleId, after, limit }: { parentRoleId: string | undefined; after: string; limit: number },
): Promise<readonly StoredRole[]> {
  return (await db.query(LIST, [after, parentRoleId ?? null, limit + 1])).map(toRole);
}

/** Stores a role's description, and that it was changed. */
export async function describeRole(tx: Transaction, id: string, description: string, at: Date): Promise<void> {
  await tx.query(DESCRIBE, [id, description, at]);
}

/** Puts a role below another one, or none, and has its subtree follow. */
export async function moveRole(
  tx: Transaction,
  move: { id: string; parentRoleId: string | undefined; down: number; subtree: readonly string[]; at: Date },
): Promise<void> {
  await tx.query(MOVE, [move.id, move.parentRoleId ?? null, move.down, move.subtree, move.at]);
}

/** How many grants of the role have not ended, and how many children it has. */
export async function countUses(
  tx: Transaction,
  id: string,
): Promise<{ readonly grants: number; readonly children: number }> {
  const [row] = await tx.query(COUNT_USES, [id]);
  if (!row) throw new Error('A count returned no row.');
  return row;
}

/** Removes a role that is not in use, with all that names it. */
export async function deleteUnusedRole(tx: Transaction, id: string): Promise<void> {
  for (const each of [DELETE_GRANTS, DELETE_EXCLUSIONS, DELETE_PERMISSIONS, DELETE]) await tx.query(each, [id]);
}

export function toRole(row: RoleRow): StoredRole {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    isSystemRole: row.is_system_role,
    parentRoleId: row.parent_role_id ?? undefined,
    level: row.level,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdBy: row.created_by ?? undefined,
  };
}
