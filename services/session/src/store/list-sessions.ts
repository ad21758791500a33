import { type Queryable, statement } from '@gatehouse/postgres';
import type { Session } from '../domain/session.ts';
import { SESSION_COLUMNS, type SessionRow, toSession } from './sessions.ts';

/** A page of sessions, and where the next one begins; `next` is undefined after the last one. */
export interface SessionPage {
  readonly sessions: readonly Session[];
  readonly next: string | undefined;
}

export interface ListOptions {
  readonly userId: string;
  /** Empty: of any device. */
  readonly deviceFingerprint: string;
  /** Older sessions than this one; undefined: from the newest on. */
  readonly before: string | undefined;
  readonly at: Date;
  readonly limit: number;
}

/** Most rows that are looked at for one page. */
const LOOKED_AT_MAX = 5_000;
/** Greater than every id. */
const END = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** As domain/idle.ts has it, the time for which uses are gathered left aside. */
const IDLE_END = `last_activity_at + make_interval(secs =>
  idle_timeout_seconds + least(60, greatest(1, idle_timeout_seconds / 10.0)))`;

// Materialized, so that it is read by the index of active sessions and not by walking through all that have ended.
const LIST_ACTIVE = statement<SessionRow>(
  'session.list-active-sessions',
  `with active as materialized (
     select ${SESSION_COLUMNS} from session.sessions
     where user_id = $1::uuid and revoked_at is null and expires_at > $2::timestamptz)
   select active.* from active
   where id < $3::uuid and ($4::text = '' or device_fingerprint = $4::text)
     and (idle_timeout_seconds = 0 or ${IDLE_END} > $2::timestamptz)
   order by id desc limit $5::int`,
);
const FIND_PAGE_END = statement<{ id: string }>(
  'session.find-list-page-end',
  `select id from session.sessions where user_id = $1::uuid and id < $2::uuid order by id desc offset $3::int limit 1`,
);
const LIST_ALL = statement<SessionRow>(
  'session.list-all-sessions',
  `select ${SESSION_COLUMNS} from session.sessions
   where user_id = $1::uuid and id < $2::uuid and id >= $3::uuid and ($4::text = '' or device_fingerprint = $4::text)
   order by id desc limit $5::int`,
);
const START = '00000000-0000-0000-0000-000000000000';

/** The sessions of a user that have not ended, newest first. */
export async function listActiveSessions(
  db: Queryable,
  { userId, deviceFingerprint, before = END, at, limit }: ListOptions,
): Promise<SessionPage> {
  return toPage(await db.query(LIST_ACTIVE, [userId, at, before, deviceFingerprint, limit + 1]), limit);
}

/** All sessions of a user that are still kept, newest first. A page can be short, or empty, and not the last. */
export async function listAllSessions(
  db: Queryable,
  { userId, deviceFingerprint, before = END, limit }: ListOptions,
): Promise<SessionPage> {
  const [end] = await db.query(FIND_PAGE_END, [userId, before, LOOKED_AT_MAX - 1]);
  const rows = await db.query(LIST_ALL, [userId, before, end?.id ?? START, deviceFingerprint, limit + 1]);
  return toPage(rows, limit, end?.id);
}

/** Makes a page of what was read, one row more than it holds; `lookedUpTo` is where looking for more was given up. */
export function toPage(rows: readonly SessionRow[], limit: number, lookedUpTo?: string): SessionPage {
  const sessions = rows.slice(0, limit).map(toSession);
  return { sessions, next: rows.length > limit ? sessions.at(-1)?.id : lookedUpTo };
}
