import { Failure } from '@gatehouse/failure';
import { statement, type Transaction } from '@gatehouse/postgres';
import type { Role } from '../domain/role.ts';

const LOCK_PARENT = statement<{ level: number }>(
  'authz.lock-parent-role',
  'select level from authz.roles where id = $1::uuid for key share',
);
const FIND_NAME = statement<{ name: string }>(
  'authz.find-role-name',
  'select name from authz.roles where id = $1::uuid',
);
const INSERT = statement<{ id: string }>(
  'authz.insert-role',
  `insert into authz.roles (id, name, description, parent_role_id, level, created_at, updated_at, created_by)
   values ($1::uuid, $2::text, $3::text, $4::uuid, $5::integer, $6::timestamptz, $6::timestamptz, $7::uuid)
   on conflict (name) do nothing returning id`,
);

/** The level of a role, which stays what it is until the transaction ends; undefined when there is no such role. */
export async function lockParent(tx: Transaction, id: string): Promise<{ readonly level: number } | undefined> {
  const [row] = await tx.query(LOCK_PARENT, [id]);
  return row;
}

/** The name of a role; undefined when there is no such role. */
export async function findRoleName(tx: Transaction, id: string): Promise<string | undefined> {
  const [row] = await tx.query(FIND_NAME, [id]);
  return row?.name;
}

/** Stores a role. Throws Failure `taken` ROLE_NAME_TAKEN. */
export async function insertRole(tx: Transaction, role: Role): Promise<void> {
  const { id, name, description, parentRoleId, level, createdAt, createdBy } = role;
  const values = [id, name, description, parentRoleId ?? null, level, createdAt, createdBy ?? null];
  const [row] = await tx.query(INSERT, values);
  if (!row) throw new Failure('taken', 'ROLE_NAME_TAKEN', 'There is a role with this name already.');
}
