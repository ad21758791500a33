import { statement, type Transaction } from '@gatehouse/postgres';

const HOLD_ENDED = statement<{ user_id: string; id: string }>(
  'session.hold-ended-sessions',
  `select user_id, id from session.sessions where expires_at < $1::timestamptz
   order by expires_at limit $2::int for update skip locked`,
);
const DELETE = statement(
  'session.delete-sessions',
  `delete from session.sessions s using unnest($1::uuid[], $2::uuid[]) as ended (user_id, id)
   where s.user_id = ended.user_id and s.id = ended.id`,
);

/**
 * Removes sessions that ended before this time, at most `limit` of them, and their refresh tokens with them. Returns how
 * many.
 */
export async function deleteEndedSessions(tx: Transaction, before: Date, limit: number): Promise<number> {
  const ended = await tx.query(HOLD_ENDED, [before, limit]);
  if (ended.length > 0) await tx.query(DELETE, [ended.map(({ user_id }) => user_id), ended.map(({ id }) => id)]);
  return ended.length;
}
