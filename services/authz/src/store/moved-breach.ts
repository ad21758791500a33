import { statement, type Transaction } from '@gatehouse/postgres';
import type { Breach } from './exclusions.ts';

// The pairs of which one role is the moved one or an ancestor of it now. Such a pair is broken when the other role lies in
// the moved subtree, or when somebody holds a role of the subtree and one that is the other or below it.
const FIND = statement<{ role_id: string; excluded_role_id: string }>(
  'authz.find-breach-of-move',
  `with recursive lineage as (
     select r.id, r.parent_role_id from authz.roles r where r.id = $1::uuid
     union all
     select p.id, p.parent_role_id from authz.roles p join lineage l on p.id = l.parent_role_id
   ), pairs as (
     select x.role_id, x.excluded_role_id, case when l.id = x.role_id then x.excluded_role_id else x.role_id end as other
     from authz.role_exclusions x join lineage l on l.id in (x.role_id, x.excluded_role_id)
   ), below as (
     select p.role_id, p.excluded_role_id, p.other as id from pairs p
     union
     select b.role_id, b.excluded_role_id, c.id from authz.roles c join below b on c.parent_role_id = b.id
   )
   select b.role_id, b.excluded_role_id from below b
   where b.id = any($2::uuid[]) or exists (
     select from authz.role_grants g join authz.role_grants o on o.user_id = g.user_id
     where g.role_id = any($2::uuid[]) and o.role_id = b.id
       and (g.valid_until is null or g.valid_until > statement_timestamp())
       and (o.valid_until is null or o.valid_until > statement_timestamp()))
   limit 1`,
);

/** Two roles that exclude each other and that a move has brought together; `subtree` are the ids of what was moved. */
export async function findBreachOfMove(
  tx: Transaction,
  roleId: string,
  subtree: readonly string[],
): Promise<Breach | undefined> {
  const [row] = await tx.query(FIND, [roleId, subtree]);
  return row && { roleId: row.role_id, excludedRoleId: row.excluded_role_id };
}
