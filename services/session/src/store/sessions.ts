import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import type { RevokedReason, Session } from '../domain/session.ts';

interface SessionRow {
  id: string;
  user_id: string;
  session_token_hash: Buffer;
  authentication_methods: string[];
  ip_address: string | null;
  user_agent: string | null;
  device_fingerprint: string | null;
  country_code: string | null;
  city: string | null;
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
  revoked_reason: RevokedReason | null;
  version: bigint;
}

const COLUMNS = `id, user_id, session_token_hash, authentication_methods, host(ip_address) as ip_address, user_agent,
  device_fingerprint, country_code, city, created_at, expires_at, revoked_at, revoked_reason, version`;

const INSERT = statement(
  'session.insert-session',
  `insert into session.sessions (id, user_id, session_token_hash, authentication_methods, ip_address, user_agent,
     device_fingerprint, country_code, city, created_at, expires_at, last_activity_at, version)
   values ($1::uuid, $2::uuid, $3::bytea, $4::text[], $5::inet, $6::text, $7::text, $8::char(2), $9::varchar,
     $10::timestamptz, $11::timestamptz, $10::timestamptz, $12::bigint)`,
);
const FIND = statement<SessionRow>(
  'session.find-session',
  `select ${COLUMNS} from session.sessions where id = $1::uuid`,
);
const LOCK = statement<SessionRow>(
  'session.lock-session',
  `select ${COLUMNS} from session.sessions where id = $1::uuid for update`,
);
const REVOKE = statement(
  'session.revoke-session',
  `update session.sessions set revoked_at = $3::timestamptz, revoked_reason = $4::varchar, version = $5::bigint
   where user_id = $1::uuid and id = $2::uuid`,
);

/** Stores a new session. */
export async function insertSession(tx: Transaction, session: Session): Promise<void> {
  const { origin } = session;
  await tx.query(INSERT, [
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
  ]);
}

/** The session with this id, whatever its state. */
export async function findSession(db: Queryable, id: string): Promise<Session | undefined> {
  const [row] = await db.query(FIND, [id]);
  return row && toSession(row);
}

/** The session with this id, held against changes by others until the transaction ends. */
export async function lockSession(tx: Transaction, id: string): Promise<Session | undefined> {
  const [row] = await tx.query(LOCK, [id]);
  return row && toSession(row);
}

/** Marks a session revoked. `version` is its version from now on. */
export async function updateRevoked(
  tx: Transaction,
  { id, userId }: Session,
  revokedAt: Date,
  reason: RevokedReason,
  version: bigint,
): Promise<void> {
  await tx.query(REVOKE, [userId, id, revokedAt, reason, version]);
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    tokenHash: row.session_token_hash,
    authenticationMethods: row.authentication_methods,
    origin: {
      ipAddress: row.ip_address ?? '',
      userAgent: row.user_agent ?? '',
      deviceFingerprint: row.device_fingerprint ?? '',
      countryCode: row.country_code ?? '',
      city: row.city ?? '',
    },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at ?? undefined,
    revokedReason: row.revoked_reason ?? undefined,
    version: row.version,
  };
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}
