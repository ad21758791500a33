import { LAST_OF_TIMELINE_BEFORE, statement, type Transaction } from '@gatehouse/postgres';
import type { AuthzToken } from '../domain/authz-token.ts';

/** A session that has changed, and its new version. */
export interface ChangedSession {
  readonly id: string;
  readonly version: bigint;
}

const HOLD_USERS = statement(
  'session.hold-users',
  `select pg_advisory_xact_lock(hashtextextended('gatehouse.session.user.' || user_id, 0))
   from (select user_id from unnest($1::text[]) as u (user_id) order by user_id) as ordered`,
);
// Materialized for the same reason as in user-sessions.ts.
const ADVANCE = statement<ChangedSession>(
  'session.advance-authz-tokens',
  `with active as materialized (
     select s.user_id, s.id, t.token, t.position
     from unnest($1::uuid[], $2::text[], $3::bigint[]) as t (user_id, token, position)
     join session.sessions s on s.user_id = t.user_id and s.revoked_at is null and s.expires_at > $4::timestamptz
     where s.authz_position < t.position
   ), held as (
     select s.user_id, s.id, active.token, active.position from session.sessions s join active
       on s.user_id = active.user_id and s.id = active.id
     where s.revoked_at is null and s.authz_position < active.position order by s.id for update of s
   )
   update session.sessions s set authz_token = held.token, authz_position = held.position, version = greatest(s.version, ${LAST_OF_TIMELINE_BEFORE}) + 1
   from held where s.user_id = held.user_id and s.id = held.id returning s.id, s.version`,
);

/**
 * Writes the tokens into the active sessions of their users, unless they have later ones; one for each user. A session that
 * is made at the same time has the token as well: it is seen here, or sees it in another session of its user.
 */
export async function storeAuthzTokens(
  tx: Transaction,
  tokens: readonly AuthzToken[],
  at: Date,
): Promise<ChangedSession[]> {
  const users = tokens.map(({ userId }) => userId);
  tx.defer(HOLD_USERS, [users]);
  return tx.query(ADVANCE, [users, tokens.map(({ token }) => token), tokens.map(({ position }) => position), at]);
}
