import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import type { Session } from '../domain/session.ts';
import { SESSION_COLUMNS, type SessionRow, toSession } from './sessions.ts';

/** Most sessions of a user that one statement takes hold of: as many as a user may be allowed to have. */
export const HELD_MAX = 1_000;

const NO_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Materialized, so that it is read by the index of active sessions and not by walking in the order of ids through all that
 * have ended.
 */
const ACTIVE_IDS = `select id from session.sessions
     where user_id = $1::uuid and revoked_at is null and expires_at > $2::timestamptz`;

const HOLD_USER = statement(
  'session.hold-user',
  `select pg_advisory_xact_lock(hashtextextended('gatehouse.session.user.' || $1::text, 0))`,
);
const HOLD_ACTIVE = statement<SessionRow>(
  'session.hold-active-sessions',
  `with active as materialized (${ACTIVE_IDS})
   select ${SESSION_COLUMNS} from session.sessions
   where user_id = $1::uuid and revoked_at is null and id in (
     select id from active where id <> $3::uuid order by id limit $4::int)
   order by id for update`,
);
const HOLD_SURPLUS = statement<SessionRow>(
  'session.hold-surplus-sessions',
  `with active as materialized (${ACTIVE_IDS})
   select ${SESSION_COLUMNS} from session.sessions
   where user_id = $1::uuid and revoked_at is null and id in (
     select id from active where id <> $3::uuid order by id desc offset $4::int limit $5::int)
   order by id for update`,
);
const FIND_SIGNED_OUT = statement<{ user_id: string }>(
  'session.find-signed-out-users',
  `select u.user_id from unnest($1::uuid[]) as u (user_id)
   where not exists (
     select from session.sessions s
     where s.user_id = u.user_id and s.revoked_at is null and s.expires_at > $2::timestamptz)`,
);

/**
 * Makes this transaction the only one that adds sessions to a user, or ends all of them, until it is over. A session that
 * is made meanwhile so is either counted and ended with the others, or made after them.
 */
export async function holdUser(tx: Transaction, userId: string): Promise<void> {
  await tx.query(HOLD_USER, [userId]);
}

/** Holds the active sessions of a user, oldest first, at most HELD_MAX of them, leaving out `except`. */
export async function holdActiveSessions(
  tx: Transaction,
  { userId, except = NO_ID, at }: { readonly userId: string; readonly except?: string | undefined; readonly at: Date },
): Promise<Session[]> {
  return (await tx.query(HOLD_ACTIVE, [userId, at, except, HELD_MAX])).map(toSession);
}

/** Holds those active sessions that a user has above `max`: the oldest, and never `newest`. */
export async function holdSurplusSessions(
  tx: Transaction,
  {
    userId,
    newest,
    at,
    max,
  }: { readonly userId: string; readonly newest: string; readonly at: Date; readonly max: number },
): Promise<Session[]> {
  return (await tx.query(HOLD_SURPLUS, [userId, at, newest, max - 1, HELD_MAX])).map(toSession);
}

/** Which of these users have no active session. */
export async function findSignedOutUsers(db: Queryable, userIds: readonly string[], at: Date): Promise<string[]> {
  return (await db.query(FIND_SIGNED_OUT, [userIds, at])).map(({ user_id }) => user_id);
}
