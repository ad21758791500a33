import { isForeignKeyViolation, type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { roleNotFound, type Standing, type StoredGrant } from '../domain/grant.ts';
import { GRANT_COLUMNS, type GrantColumns, toGrants } from './grant-columns.ts';
import type { UserGrants } from './user-grants.ts';

interface UserGrantsRow extends GrantColumns {
  revision: bigint;
  model_revision: bigint;
}

// One statement is one snapshot: the grants are exactly those of the revision that comes with them. One that has ended
// by this clock has ended by every later look at it.
const FIND_USER_GRANTS = statement<UserGrantsRow>(
  'authz.find-user-grants',
  `select coalesce((select r.revision from authz.revisions r where r.user_id = $1::uuid), 0) as revision,
     (select m.revision from authz.model_revision m) as model_revision,
     ${GRANT_COLUMNS}
   from authz.role_grants g
   where g.user_id = $1::uuid and g.status = 'active'
     and (g.valid_until is null or g.valid_until > statement_timestamp())`,
);
const FIND_STANDING = statement<{
  grants: number;
  role_ids: string[] | null;
  has_role: boolean | null;
  now_ms: number;
}>(
  'authz.find-standing',
  `select count(*)::integer as grants, array_agg(distinct role_id) as role_ids,
     bool_or(role_id = $2::uuid and scope = $3::text) as has_role,
     floor(extract(epoch from statement_timestamp()) * 1000)::float8 as now_ms
   from authz.role_grants
   where user_id = $1::uuid and (valid_until is null or valid_until > statement_timestamp())`,
);
const INSERT = statement(
  'authz.insert-role-grant',
  `insert into authz.role_grants (user_id, id, role_id, granted_at, granted_by, reason, scope, valid_from, valid_until,
     condition, status)
   values ($1::uuid, $2::uuid, $3::uuid, $4::timestamptz, $5::uuid, $6::text, $7::text, $8::timestamptz,
     $9::timestamptz, $10::text, $11::text)`,
);
const DELETE = statement<{ id: string }>(
  'authz.delete-role-grant',
  'delete from authz.role_grants where user_id = $1::uuid and role_id = $2::uuid and scope = $3::text returning id',
);
const DELETE_ENDED = statement(
  'authz.delete-ended-role-grant',
  `delete from authz.role_grants
   where user_id = $1::uuid and role_id = $2::uuid and scope = $3::text and valid_until <= statement_timestamp()`,
);

/** A user's grants and their revision: 0, and no roles, for a user who never had any. */
export async function findUserGrants(
  db: Queryable,
  userId: string,
): Promise<{ readonly revision: bigint; readonly grants: UserGrants }> {
  const [row] = await db.query(FIND_USER_GRANTS, [userId]);
  if (!row) throw new Error('An aggregate returned no row.');
  return { revision: row.revision, grants: { grants: toGrants(row), modelRevision: row.model_revision } };
}

/** What the user has before the role is granted in a scope, and the database's time. */
export async function findStanding(
  tx: Transaction,
  userId: string,
  roleId: string,
  scope: string,
): Promise<Standing & { readonly nowMs: number }> {
  const [row] = await tx.query(FIND_STANDING, [userId, roleId, scope]);
  if (!row) throw new Error('An aggregate returned no row.');
  return { grants: row.grants, roleIds: row.role_ids ?? [], hasRole: row.has_role ?? false, nowMs: row.now_ms };
}

/**
 * Stores a grant, in place of one of the same role and scope that has ended. Throws Failure `missing` ROLE_NOT_FOUND when
 * there is no such role.
 */
export async function insertGrant(tx: Transaction, grant: StoredGrant): Promise<void> {
  const { userId, id, roleId, grantedAt, grantedBy, reason, scope, validFrom, validUntil, condition } = grant;
  tx.defer(DELETE_ENDED, [userId, roleId, scope]);
  const limits = [validFrom ?? null, validUntil ?? null, condition, grant.status];
  try {
    await tx.query(INSERT, [userId, id, roleId, grantedAt, grantedBy ?? null, reason, scope, ...limits]);
  } catch (error) {
    throw isForeignKeyViolation(error, 'role_grants_role_id_fkey') ? roleNotFound() : error;
  }
}

/** Removes a user's grant of a role in a scope, and returns its id; undefined when there is none. */
export async function deleteGrant(
  tx: Transaction,
  userId: string,
  roleId: string,
  scope: string,
): Promise<string | undefined> {
  const [row] = await tx.query(DELETE, [userId, roleId, scope]);
  return row?.id;
}
