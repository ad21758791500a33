import { statement, type Transaction } from '@gatehouse/postgres';

const BUMP = statement<{ revision: bigint }>(
  'authz.bump-revision',
  `insert into authz.revisions (user_id, revision) values ($1::uuid, 1)
   on conflict (user_id) do update set revision = revisions.revision + 1
   returning revision`,
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
