import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { exclusionExists, exclusionNotFound, type RoleExclusion, type RolePair } from '../domain/exclusion.ts';

export interface ExclusionRow {
  role_id: string;
  excluded_role_id: string;
  reason: string;
  created_at: Date;
  created_by: string | null;
}

export const EXCLUSION_COLUMNS = 'role_id, excluded_role_id, reason, created_at, created_by';
const INSERT = statement<{ role_id: string }>(
  'authz.insert-role-exclusion',
  `insert into authz.role_exclusions (role_id, excluded_role_id, reason, created_at, created_by)
   values ($1::uuid, $2::uuid, $3::text, $4::timestamptz, $5::uuid)
   on conflict (role_id, excluded_role_id) do nothing returning role_id`,
);
const DELETE = statement<{ role_id: string }>(
  'authz.delete-role-exclusion',
  'delete from authz.role_exclusions where role_id = $1::uuid and excluded_role_id = $2::uuid returning role_id',
);
const LIST = statement<ExclusionRow>(
  'authz.list-role-exclusions',
  `select ${EXCLUSION_COLUMNS} from authz.role_exclusions
   where (role_id, excluded_role_id) > ($1::uuid, $2::uuid)
     and ($3::uuid is null or role_id = $3::uuid or excluded_role_id = $3::uuid)
   order by role_id, excluded_role_id limit $4::integer`,
);
// Who holds a role of one side holds it whatever the grant's scope, times, status and condition are, unless it has ended.
const COUNT_HOLDERS_OF_BOTH = statement<{ users: number }>(
  'authz.count-holders-of-both',
  `with recursive below as (
     select r.id, r.id as side from authz.roles r where r.id in ($1::uuid, $2::uuid)
     union all
     select c.id, b.side from authz.roles c join below b on c.parent_role_id = b.id
   )
   select count(*)::integer as users from (
     select g.user_id from authz.role_grants g join below b on b.id = g.role_id
     where g.valid_until is null or g.valid_until > statement_timestamp()
     group by g.user_id having count(distinct b.side) = 2
   ) holders`,
);
const FIRST = '00000000-0000-0000-0000-000000000000';

export interface ExclusionPage {
  readonly exclusions: readonly RoleExclusion[];
  /** undefined after the last page. */
  readonly next: RolePair | undefined;
}

/** Stores an exclusion of two roles that exist. Throws Failure `taken` EXCLUSION_EXISTS. */
export async function insertExclusion(tx: Transaction, exclusion: RoleExclusion): Promise<void> {
  const { roleId, excludedRoleId, reason, createdAt, createdBy } = exclusion;
  const [row] = await tx.query(INSERT, [roleId, excludedRoleId, reason, createdAt, createdBy ?? null]);
  if (!row) throw exclusionExists();
}

/** Removes an exclusion. Throws Failure `missing` EXCLUSION_NOT_FOUND. */
export async function deleteExclusion(tx: Transaction, { roleId, excludedRoleId }: RolePair): Promise<void> {
  const [row] = await tx.query(DELETE, [roleId, excludedRoleId]);
  if (!row) throw exclusionNotFound();
}

/** How many users hold both roles, themselves or through descendants. */
export async function countHoldersOfBoth(tx: Transaction, { roleId, excludedRoleId }: RolePair): Promise<number> {
  const [row] = await tx.query(COUNT_HOLDERS_OF_BOTH, [roleId, excludedRoleId]);
  return row?.users ?? 0;
}

/** Exclusions in the order of their roles; `roleId` undefined: all. */
export async function listExclusions(
  db: Queryable,
  { roleId, after, limit }: { roleId: string | undefined; after: RolePair | undefined; limit: number },
): Promise<ExclusionPage> {
  const begin = [after?.roleId ?? FIRST, after?.excludedRoleId ?? FIRST];
  const rows = await db.query(LIST, [...begin, roleId ?? null, limit + 1]);
  const exclusions = rows.slice(0, limit).map(toExclusion);
  return { exclusions, next: rows.length > limit ? exclusions.at(-1) : undefined };
}

export function toExclusion(row: ExclusionRow): RoleExclusion {
  return {
    roleId: row.role_id,
    excludedRoleId: row.excluded_role_id,
    reason: row.reason,
    createdAt: row.created_at,
    createdBy: row.created_by ?? undefined,
  };
}
