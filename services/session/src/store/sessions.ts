import { LAST_OF_TIMELINE_BEFORE, type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { readDigest, sameDigest } from '../domain/digest.ts';
import { type RevokedReason, type Session, sessionExpired, sessionRevoked } from '../domain/session.ts';
import { type SessionToken, tokenInvalid } from '../domain/session-token.ts';

export interface SessionRow {
  id: string;
  user_id: string;
  session_token_hash: Buffer;
  authentication_methods: string[];
  authentication_level: number;
  ip_address: string | null;
  user_agent: string | null;
  device_fingerprint: string | null;
  country_code: string | null;
  city: string | null;
  created_at: Date;
  expires_at: Date;
  idle_timeout_seconds: number;
  last_activity_at: Date;
  last_ip_address: string | null;
  revoked_at: Date | null;
  revoked_reason: RevokedReason | null;
  authz_token: string;
  version: bigint;
}

/**
 * The columns of a session, in the form that `toSession` reads. The version is one of the present timeline: so what caches
 * know of a timeline that is over is older, and the next version is none that was lost with it.
 */
export const SESSION_COLUMNS = `id, user_id, session_token_hash, authentication_methods, authentication_level,
  host(ip_address) as ip_address, user_agent, device_fingerprint, country_code, city, created_at, expires_at,
  idle_timeout_seconds, last_activity_at, host(last_ip_address) as last_ip_address, revoked_at, revoked_reason, authz_token,
  greatest(version, ${LAST_OF_TIMELINE_BEFORE}) as version`;

// What authz has said of the user so far is known from the user's other sessions.
const INSERT = statement<{ authz_token: string; version: bigint }>(
  'session.insert-session',
  `insert into session.sessions (id, user_id, session_token_hash, authentication_methods, ip_address, user_agent,
     device_fingerprint, country_code, city, created_at, expires_at, last_activity_at, version, authentication_level,
     idle_timeout_seconds, last_ip_address, token_key_id, authz_token, authz_position)
   select $1::uuid, $2::uuid, $3::bytea, $4::text[], $5::inet, $6::text, $7::text, $8::char(2), $9::varchar,
     $10::timestamptz, $11::timestamptz, $10::timestamptz, $12::bigint + ${LAST_OF_TIMELINE_BEFORE}, $13::smallint, $14::integer, $5::inet, $15::smallint,
     coalesce(newest.authz_token, ''), coalesce(newest.authz_position, 0)
   from (select) as one left join lateral (
     select authz_token, authz_position from session.sessions
     where user_id = $2::uuid and revoked_at is null and expires_at > $10::timestamptz
     order by authz_position desc limit 1) as newest on true
   returning authz_token, version`,
);
const FIND = statement<SessionRow>(
  'session.find-session',
  `select ${SESSION_COLUMNS} from session.sessions where id = $1::uuid`,
);
const FIND_TOKEN_HASH = statement<{ session_token_hash: Buffer }>(
  'session.find-token-hash',
  'select session_token_hash from session.sessions where id = $1::uuid',
);
const LOCK = statement<SessionRow>(
  'session.lock-session',
  `select ${SESSION_COLUMNS} from session.sessions where id = $1::uuid for update`,
);
const UPDATE_END = statement(
  'session.update-session-end',
  `update session.sessions set expires_at = $3::timestamptz, version = $4::bigint
   where user_id = $1::uuid and id = $2::uuid`,
);

/** Stores a new session with the id of the key that vouches for its token, and returns it with its version and what is known from others of its user. */
export async function insertSession(tx: Transaction, session: Session, tokenKeyId?: number): Promise<Session> {
  const { origin } = session;
  const [row] = await tx.query(INSERT, [
    session.id,
    session.userId,
    session.tokenHash,
    session.authenticationMethods,
    orNull(origin.ipAddress),
    orNull(origin.userAgent),
    orNull(origin.deviceFingerprint),
    orNull(origin.countryCode),
    orNull(origin.city),
    session.createdAt,
    session.expiresAt,
    session.version,
    session.authenticationLevel,
    session.idleTimeoutSeconds,
    tokenKeyId ?? null,
  ]);
  if (!row) throw new Error('A session was inserted without a row.');
  return { ...session, authzToken: row.authz_token, version: row.version };
}

/** The session with this id, whatever its state. */
export async function findSession(db: Queryable, id: string): Promise<Session | undefined> {
  const [row] = await db.query(FIND, [id]);
  return row && toSession(row);
}

/** Whether a token is that of its session, whatever became of the session. */
export async function isTokenOf(db: Queryable, { sessionId, hash }: SessionToken): Promise<boolean> {
  const [row] = await db.query(FIND_TOKEN_HASH, [sessionId]);
  return row !== undefined && sameDigest(readDigest(row.session_token_hash), hash);
}

/** The session with this id, held against changes by others until the transaction ends. */
export async function lockSession(tx: Transaction, id: string): Promise<Session | undefined> {
  const [row] = await tx.query(LOCK, [id]);
  return row && toSession(row);
}

/**
 * The session of a token that was found good a moment ago, held until the transaction ends. Throws as a refused session
 * token does when it has ended since.
 */
export async function holdGoodSession(tx: Transaction, id: string, now: Date): Promise<Session> {
  const session = await lockSession(tx, id);
  if (!session) throw tokenInvalid();
  if (session.revokedReason !== undefined) throw sessionRevoked(session.revokedReason);
  if (now >= session.expiresAt) throw sessionExpired();
  return session;
}

/** Stores, with the commit at the latest, a new end of a session and the version that it makes. */
export function updateSessionEnd(tx: Transaction, session: Session): void {
  tx.defer(UPDATE_END, [session.userId, session.id, session.expiresAt, session.version]);
}

/** A row as the domain sees it. */
export function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    tokenHash: row.session_token_hash,
    authenticationMethods: row.authentication_methods,
    authenticationLevel: row.authentication_level,
    origin: {
      ipAddress: row.ip_address ?? '',
      userAgent: row.user_agent ?? '',
      deviceFingerprint: row.device_fingerprint ?? '',
      countryCode: row.country_code ?? '',
      city: row.city ?? '',
    },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    idleTimeoutSeconds: row.idle_timeout_seconds,
    lastActivityAt: row.last_activity_at,
    lastIpAddress: row.last_ip_address ?? '',
    revokedAt: row.revoked_at ?? undefined,
    revokedReason: row.revoked_reason ?? undefined,
    authzToken: row.authz_token,
    version: row.version,
  };
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}
