import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { type GrantStatus, grantNotFound, type StoredGrant } from '../domain/grant.ts';

/** The columns of a grant `g`, with the revision of its user's grants `v`. */
export const GRANT_COLUMNS = `g.user_id, g.id, g.role_id, g.granted_at, g.granted_by, g.reason, g.scope, g.valid_from,
  g.valid_until, g.condition, g.status, g.approved_by, g.approved_at, g.updated_by, g.updated_at,
  coalesce(g.valid_until <= statement_timestamp(), false) as has_ended, coalesce(v.revision, 0) as revision,
  floor(extract(epoch from statement_timestamp()) * 1000)::float8 as now_ms`;

export interface GrantRow {
  user_id: string;
  id: string;
  role_id: string;
  granted_at: Date;
  granted_by: string | null;
  reason: string;
  scope: string;
  valid_from: Date | null;
  valid_until: Date | null;
  condition: string;
  status: GrantStatus;
  approved_by: string | null;
  approved_at: Date | null;
  updated_by: string | null;
  updated_at: Date | null;
  has_ended: boolean;
  revision: bigint;
  now_ms: number;
}

/** A grant that was looked at, and when. */
export interface FoundGrant {
  readonly grant: StoredGrant;
  /** Whether it has ended by the database's clock. */
  readonly hasEnded: boolean;
  /** Revision of its user's grants. */
  readonly revision: bigint;
  /** Unix time in milliseconds by the database's clock. */
  readonly nowMs: number;
}

const FIND = statement<GrantRow>(
  'authz.find-grant',
  `select ${GRANT_COLUMNS} from authz.role_grants g left join authz.revisions v on v.user_id = g.user_id
   where g.user_id = $1::uuid and g.id = $2::uuid`,
);
const UPDATE = statement<{ id: string }>(
  'authz.update-grant',
  `update authz.role_grants set reason = $3::text, valid_from = $4::timestamptz, valid_until = $5::timestamptz,
     condition = $6::text, status = $7::text, approved_by = $8::uuid, approved_at = $9::timestamptz,
     updated_by = $10::uuid, updated_at = $11::timestamptz
   where user_id = $1::uuid and id = $2::uuid returning id`,
);
const DELETE = statement(
  'authz.delete-grant-by-id',
  'delete from authz.role_grants where user_id = $1::uuid and id = $2::uuid',
);

/** A grant of a user. Throws Failure `missing` GRANT_NOT_FOUND. */
export async function findGrant(db: Queryable, userId: string, id: string): Promise<FoundGrant> {
  const [row] = await db.query(FIND, [userId, id]);
  if (!row) throw grantNotFound();
  return toFound(row);
}

/**
 * Stores what can change of a grant. Throws Failure `missing` GRANT_NOT_FOUND: one that has ended goes with its role, whoever
 * has locked the user's grants.
 */
export async function storeGrant(tx: Transaction, grant: StoredGrant): Promise<void> {
  const { userId, id, reason, validFrom, validUntil, condition, status } = grant;
  const { approvedBy, approvedAt, updatedBy, updatedAt } = grant;
  const times = [validFrom ?? null, validUntil ?? null];
  const by = [approvedBy ?? null, approvedAt ?? null, updatedBy ?? null, updatedAt ?? null];
  const [row] = await tx.query(UPDATE, [userId, id, reason, ...times, condition, status, ...by]);
  if (!row) throw grantNotFound();
}

/** Removes a grant. */
export async function deleteGrantById(tx: Transaction, userId: string, id: string): Promise<void> {
  await tx.query(DELETE, [userId, id]);
}

export function toFound(row: GrantRow): FoundGrant {
  return {
    grant: {
      id: row.id,
      userId: row.user_id,
      roleId: row.role_id,
      grantedAt: row.granted_at,
      grantedBy: row.granted_by ?? undefined,
      reason: row.reason,
      scope: row.scope,
      validFrom: row.valid_from ?? undefined,
      validUntil: row.valid_until ?? undefined,
      condition: row.condition,
      status: row.status,
      approvedBy: row.approved_by ?? undefined,
      approvedAt: row.approved_at ?? undefined,
      updatedBy: row.updated_by ?? undefined,
      updatedAt: row.updated_at ?? undefined,
    },
    hasEnded: row.has_ended,
    revision: row.revision,
    nowMs: row.now_ms,
  };
}
