import { type Queryable, statement } from '@gatehouse/postgres';

const IS_ANCESTOR = statement<{ is_so: boolean }>(
  'authz.is-ancestor-of-role',
  `with recursive lineage as (
     select r.id, r.parent_role_id from authz.roles r where r.id = $2::uuid
     union all
     select p.id, p.parent_role_id from authz.roles p join lineage l on p.id = l.parent_role_id
   )
   select exists (select from lineage where id = $1::uuid) as is_so`,
);

/** Whether one role is the other, or an ancestor of it. */
export async function isAncestor(db: Queryable, ancestorId: string, roleId: string): Promise<boolean> {
  const [row] = await db.query(IS_ANCESTOR, [ancestorId, roleId]);
  return row?.is_so ?? false;
}
