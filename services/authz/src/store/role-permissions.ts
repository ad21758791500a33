import { statement, type Transaction } from '@gatehouse/postgres';
import type { Role } from '../domain/role.ts';

const INSERT = statement(
  'authz.insert-role-permissions',
  `insert into authz.role_permissions (id, role_id, permission_id, granted_at, granted_by)
   select held.id, $1::uuid, held.permission_id, $4::timestamptz, $5::uuid
   from unnest($2::uuid[], $3::uuid[]) as held (id, permission_id)`,
);

/** Gives a new role its permissions. `ids` are those of the rows, one for each permission. */
export async function insertRolePermissions(
  tx: Transaction,
  { id, createdAt, createdBy }: Role,
  ids: readonly string[],
  permissionIds: readonly string[],
): Promise<void> {
  await tx.query(INSERT, [id, ids, permissionIds, createdAt, createdBy ?? null]);
}
