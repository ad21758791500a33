import { isForeignKeyViolation, type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { type RoleGrant, roleNotFound, type Standing } from '../domain/grant.ts';
import type { UserGrants } from '../domain/user-grants.ts';

interface UserGrantsRow {
  revision: bigint;
  model_revision: bigint;
  role_ids: string[];
}

// One statement is one snapshot: the grants are exactly those of the revision that comes with them.
const FIND_USER_GRANTS = statement<UserGrantsRow>(
  'authz.find-user-grants',
  `select coalesce((select r.revision from authz.revisions r where r.user_id = $1::uuid), 0) as revision,
     (select m.revision from authz.model_revision m) as model_revision,
     array(select g.role_id from authz.role_grants g where g.user_id = $1::uuid) as role_ids`,
);
const FIND_STANDING = statement<{ grants: number; has_role: boolean }>(
  'authz.find-standing',
  `select count(*)::integer as grants, coalesce(bool_or(role_id = $2::uuid), false) as has_role
   from authz.role_grants where user_id = $1::uuid`,
);
const INSERT = statement(
  'authz.insert-role-grant',
  `insert into authz.role_grants (user_id, id, role_id, granted_at, granted_by, reason)
   values ($1::uuid, $2::uuid, $3::uuid, $4::timestamptz, $5::uuid, $6::text)`,
);
const DELETE = statement<{ id: string }>(
  'authz.delete-role-grant',
  'delete from authz.role_grants where user_id = $1::uuid and role_id = $2::uuid returning id',
);

/** A user's grants and their revision: 0, and no roles, for a user who never had any. */
export async function findUserGrants(
  db: Queryable,
  userId: string,
): Promise<{ readonly revision: bigint; readonly grants: UserGrants }> {
  const [row] = await db.query(FIND_USER_GRANTS, [userId]);
  if (!row) throw new Error('A select without a table returned no row.');
  return { revision: row.revision, grants: { roleIds: row.role_ids, modelRevision: row.model_revision } };
}

/** What the user has before the role is granted. */
export async function findStanding(tx: Transaction, userId: string, roleId: string): Promise<Standing> {
  const [row] = await tx.query(FIND_STANDING, [userId, roleId]);
  return { grants: row?.grants ?? 0, hasRole: row?.has_role ?? false };
}

/** Stores a grant. Throws Failure `missing` ROLE_NOT_FOUND when there is no such role. */
export async function insertGrant(tx: Transaction, grant: RoleGrant): Promise<void> {
  const { userId, id, roleId, grantedAt, grantedBy, reason } = grant;
  try {
    await tx.query(INSERT, [userId, id, roleId, grantedAt, grantedBy ?? null, reason]);
  } catch (error) {
    throw isForeignKeyViolation(error, 'role_grants_role_id_fkey') ? roleNotFound() : error;
  }
}

/** Removes a user's grant of a role, and returns its id; undefined when there is none. */
export async function deleteGrant(tx: Transaction, userId: string, roleId: string): Promise<string | undefined> {
  const [row] = await tx.query(DELETE, [userId, roleId]);
  return row?.id;
}
