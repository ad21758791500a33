import { statement, type Transaction } from '@gatehouse/postgres';
import type { Role } from '../domain/role.ts';

const INSERT = statement(
  'authz.insert-role-permissions',
  `insert into authz.role_permissions (id, role_id, permission_id, effect, granted_at, granted_by)
   select held.id, $1::uuid, held.permission_id, held.effect, $5::timestamptz, $6::uuid
   from unnest($2::uuid[], $3::uuid[], $4::text[]) as held (id, permission_id, effect)`,
);

/** A permission that a role is given, under the id that its row gets. */
export interface NewRolePermission {
  readonly id: string;
  readonly permissionId: string;
  readonly effect: 'allow' | 'deny';
}

/** Gives a role permissions; who and when are those of `createdBy` and `createdAt`. */
export async function insertRolePermissions(
  tx: Transaction,
  { id, createdAt, createdBy }: Pick<Role, 'id' | 'createdAt' | 'createdBy'>,
  held: readonly NewRolePermission[],
): Promise<void> {
  const columns = [held.map((each) => each.id), held.map((each) => each.permissionId), held.map((each) => each.effect)];
  await tx.query(INSERT, [id, ...columns, createdAt, createdBy ?? null]);
}
