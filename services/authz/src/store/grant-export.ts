import { type Queryable, statement } from '@gatehouse/postgres';
import type { StoredGrant } from '../domain/grant.ts';
import type { GrantPosition } from './list-grants.ts';
import { GRANT_COLUMNS, type GrantRow, toFound } from './stored-grants.ts';

const EXPORT = statement<GrantRow & { role_name: string }>(
  'authz.export-grants',
  `select ${GRANT_COLUMNS}, r.name as role_name
   from authz.role_grants g join authz.roles r on r.id = g.role_id left join authz.revisions v on v.user_id = g.user_id
   where (g.user_id, g.id) > ($1::uuid, $2::uuid) and (g.valid_until is null or g.valid_until > statement_timestamp())
   order by g.user_id, g.id limit $3::integer`,
);
const FIRST = '00000000-0000-0000-0000-000000000000';

/** A grant, with the name of its role. */
export interface NamedGrant {
  readonly grant: StoredGrant;
  readonly roleName: string;
}

/** Grants that have not ended, by user and age, after a position; undefined: from the first. One more than `limit`. */
export async function exportGrants(
  db: Queryable,
  after: GrantPosition | undefined,
  limit: number,
): Promise<readonly NamedGrant[]> {
  const rows = await db.query(EXPORT, [after?.userId ?? FIRST, after?.id ?? FIRST, limit + 1]);
  return rows.map((row) => ({ grant: toFound(row).grant, roleName: row.role_name }));
}
