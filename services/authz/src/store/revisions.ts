import { LAST_OF_TIMELINE_BEFORE, statement, type Transaction } from '@gatehouse/postgres';

const BUMP = statement<{ revision: bigint }>(
  'authz.bump-revision',
  `insert into authz.revisions (user_id, revision) values ($1::uuid, ${LAST_OF_TIMELINE_BEFORE} + 1)
   on conflict (user_id) do update set revision = greatest(revisions.revision + 1, excluded.revision)
   returning revision`,
);

// In the order of their ids: so those who change the grants of many never wait for one another in a circle.
const BUMP_MANY = statement<{ user_id: string; revision: bigint }>(
  'authz.bump-revisions',
  `insert into authz.revisions (user_id, revision)
   select user_id, ${LAST_OF_TIMELINE_BEFORE} + 1 from unnest($1::uuid[]) u (user_id) order by user_id
   on conflict (user_id) do update set revision = greatest(revisions.revision + 1, excluded.revision)
   returning user_id, revision`,
);

/**
 * The next revision of a user's grants. Whoever changes them calls this first: changes to one user then wait for one
 * another, and what is read after it stays true until the transaction ends.
 */
export async function bumpRevision(tx: Transaction, userId: string): Promise<bigint> {
  const [row] = await tx.query(BUMP, [userId]);
  if (!row) throw new Error('An upsert returned no row.');
  return row.revision;
}

/** As `bumpRevision`, for many users, none of whom is there twice. */
export async function bumpRevisions(
  tx: Transaction,
  userIds: readonly string[],
): Promise<readonly { readonly userId: string; readonly revision: bigint }[]> {
  const rows = await tx.query(BUMP_MANY, [userIds]);
  return rows.map(({ user_id: userId, revision }) => ({ userId, revision }));
}
