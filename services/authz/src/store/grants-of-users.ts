import type { Grant } from '@gatehouse/client/policy';
import { type Queryable, statement } from '@gatehouse/postgres';
import { GRANT_COLUMNS, type GrantColumns, toGrants } from './grant-columns.ts';

interface UserRow extends GrantColumns {
  user_id: string;
  revision: bigint;
  model_revision: bigint;
}

// One statement is one snapshot, of all users and of the model.
const FIND = statement<UserRow>(
  'authz.find-grants-of-users',
  `select u.id as user_id, coalesce(r.revision, 0) as revision, m.revision as model_revision, held.*
   from unnest($1::uuid[]) with ordinality u (id, place)
   cross join authz.model_revision m
   left join authz.revisions r on r.user_id = u.id
   cross join lateral (
     select ${GRANT_COLUMNS} from authz.role_grants g
     where g.user_id = u.id and g.status = 'active' and (g.valid_until is null or g.valid_until > statement_timestamp())
   ) held
   order by u.place`,
);

/** What several users have, as of one moment. */
export interface GrantsOfUsers {
  readonly modelRevision: bigint;
  /** In the order in which they were asked for; a user who never had any has revision 0. */
  readonly users: readonly {
    readonly userId: string;
    readonly revision: bigint;
    /** Those that are active and have not ended; some may not have begun. */
    readonly grants: readonly Grant[];
  }[];
}

/** Grants of users, of whom there is at least one. */
export async function findGrantsOfUsers(db: Queryable, userIds: readonly string[]): Promise<GrantsOfUsers> {
  const rows = await db.query(FIND, [userIds]);
  const [first] = rows;
  if (!first) throw new Error('authz.model_revision has lost its row.');
  return {
    modelRevision: first.model_revision,
    users: rows.map((row) => ({ userId: row.user_id, revision: row.revision, grants: toGrants(row) })),
  };
}
