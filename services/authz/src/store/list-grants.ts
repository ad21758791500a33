import { type Queryable, statement } from '@gatehouse/postgres';
import { type FoundGrant, GRANT_COLUMNS, type GrantRow, toFound } from './stored-grants.ts';

const LIST_OF_USER = statement<GrantRow>(
  'authz.list-grants-of-user',
  `select ${GRANT_COLUMNS} from authz.role_grants g left join authz.revisions v on v.user_id = g.user_id
   where g.user_id = $1::uuid and g.id < $2::uuid order by g.id desc limit $3::integer`,
);
const LIST_OF_ROLE = statement<GrantRow>(
  'authz.list-grants-of-role',
  `select ${GRANT_COLUMNS} from authz.role_grants g left join authz.revisions v on v.user_id = g.user_id
   where g.role_id = $1::uuid and (g.user_id, g.id) > ($2::uuid, $3::uuid) order by g.user_id, g.id limit $4::integer`,
);
const FIRST = '00000000-0000-0000-0000-000000000000';
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Where in a listing a page begins: after this grant. */
export interface GrantPosition {
  readonly userId: string;
  readonly id: string;
}

export interface GrantPage {
  readonly grants: readonly FoundGrant[];
  /** undefined after the last page. */
  readonly next: GrantPosition | undefined;
}

/** Grants of a user, newest first, those that have ended among them. */
export async function listGrantsOfUser(
  db: Queryable,
  userId: string,
  after: GrantPosition | undefined,
  limit: number,
): Promise<GrantPage> {
  return toPage(await db.query(LIST_OF_USER, [userId, after?.id ?? LAST, limit + 1]), limit);
}

/** Grants of a role by user and age, those that have ended among them. */
export async function listGrantsOfRole(
  db: Queryable,
  roleId: string,
  after: GrantPosition | undefined,
  limit: number,
): Promise<GrantPage> {
  return toPage(await db.query(LIST_OF_ROLE, [roleId, after?.userId ?? FIRST, after?.id ?? FIRST, limit + 1]), limit);
}

/** Makes a page of what was read, one row more than it holds. */
function toPage(rows: readonly GrantRow[], limit: number): GrantPage {
  const grants = rows.slice(0, limit).map(toFound);
  const last = grants.at(-1)?.grant;
  return { grants, next: last && rows.length > limit ? { userId: last.userId, id: last.id } : undefined };
}
