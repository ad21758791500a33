import { statement, type Transaction } from '@gatehouse/postgres';
import type { Role } from '../domain/role.ts';
import type { HeldAs } from '../domain/role-update.ts';

const INSERT = statement(
  'authz.insert-role-permissions',
  `insert into authz.role_permissions (id, role_id, permission_id, effect, condition, granted_at, granted_by)
   select held.id, $1::uuid, held.permission_id, held.effect, held.condition, $6::timestamptz, $7::uuid
   from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) as held (id, permission_id, effect, condition)`,
);

/** A permission that a role is given, under the id that its row gets. */
export interface NewRolePermission extends HeldAs {
  readonly id: string;
  readonly permissionId: string;
}

/** Gives a role permissions; who and when are those of `createdBy` and `createdAt`. */
export async function insertRolePermissions(
  tx: Transaction,
  { id, createdAt, createdBy }: Pick<Role, 'id' | 'createdAt' | 'createdBy'>,
  held: readonly NewRolePermission[],
): Promise<void> {
  const column = <Key extends keyof NewRolePermission>(key: Key) => held.map((each) => each[key]);
  const columns = [column('id'), column('permissionId'), column('effect'), column('condition')];
  await tx.query(INSERT, [id, ...columns, createdAt, createdBy ?? null]);
}
