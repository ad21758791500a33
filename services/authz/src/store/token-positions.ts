import { type Queryable, statement } from '@gatehouse/postgres';
import { formatToken } from '../domain/consistency.ts';

/** The consistency token of a user as of now, and its place among the tokens of the same user. */
export interface PlacedToken {
  readonly userId: string;
  readonly token: string;
  readonly position: bigint;
}

const FIND = statement<{ user_id: string; revision: bigint; model_revision: bigint }>(
  'authz.find-token-positions',
  `select u.user_id, coalesce(r.revision, 0) as revision, m.revision as model_revision
   from authz.model_revision m cross join unnest($1::uuid[]) as u (user_id)
   left join authz.revisions r on r.user_id = u.user_id`,
);

/**
 * The newest tokens of users. Both revisions only grow, and what one statement sees is either all of what another one sees
 * or all of it and more; so of two tokens of a user the one with the larger sum is the later one in both.
 */
export async function findPlacedTokens(db: Queryable, userIds: readonly string[]): Promise<PlacedToken[]> {
  const rows = await db.query(FIND, [userIds]);
  return rows.map(({ user_id: userId, revision, model_revision: modelRevision }) => ({
    userId,
    token: formatToken(revision === 0n ? { modelRevision } : { modelRevision, user: { id: userId, revision } }),
    position: modelRevision + revision,
  }));
}
