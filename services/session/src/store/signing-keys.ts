import { type Queryable, statement, type Transaction } from '@gatehouse/postgres';
import { newestFirst, type PublicJwk, type SigningKey } from '../domain/signing-key.ts';

interface SigningKeyRow {
  kid: string;
  algorithm: string;
  public_jwk: PublicJwk;
  private_key_sealed: Buffer;
  created_at: Date;
  activates_at: Date;
  retires_at: Date | null;
  expires_at: Date | null;
  revoked_at: Date | null;
  revoked_reason: string | null;
}

/** Most keys that are read. Those that are withdrawn are left out first; the key set itself never has so many. */
export const SIGNING_KEYS_MAX = 100;

const LIST = statement<SigningKeyRow>(
  'session.list-signing-keys',
  `select kid, algorithm, public_jwk, private_key_sealed, created_at, activates_at, retires_at, expires_at, revoked_at,
     revoked_reason
   from session.signing_keys order by (revoked_at is null) desc, created_at desc, kid limit ${SIGNING_KEYS_MAX}`,
);
const INSERT = statement(
  'session.insert-signing-key',
  `insert into session.signing_keys (kid, algorithm, public_jwk, private_key_sealed, created_at, activates_at)
   values ($1::varchar, $2::varchar, $3::jsonb, $4::bytea, $5::timestamptz, $6::timestamptz)`,
);
const UPDATE = statement(
  'session.update-signing-key',
  `update session.signing_keys set private_key_sealed = $2::bytea, activates_at = $3::timestamptz,
     retires_at = $4::timestamptz, expires_at = $5::timestamptz, revoked_at = $6::timestamptz, revoked_reason = $7::varchar
   where kid = $1::varchar`,
);
const DELETE = statement(
  'session.delete-signing-keys',
  'delete from session.signing_keys where kid = any($1::varchar[])',
);
const LOCK = statement(
  'session.lock-signing-keys',
  "select pg_advisory_xact_lock(hashtextextended('gatehouse.session.signing-keys', 0))",
);
const TRY_LOCK = statement<{ held: boolean }>(
  'session.try-lock-signing-keys',
  "select pg_try_advisory_xact_lock(hashtextextended('gatehouse.session.signing-keys', 0)) as held",
);

/** The keys that are kept, newest first; at most SIGNING_KEYS_MAX. */
export async function listSigningKeys(db: Queryable): Promise<SigningKey[]> {
  const rows = await db.query(LIST);
  return rows.map(toSigningKey).sort(newestFirst);
}

/** Stores a new key. */
export async function insertSigningKey(tx: Transaction, key: SigningKey): Promise<void> {
  const { kid, algorithm, publicJwk, sealed, createdAt, activatesAt } = key;
  await tx.query(INSERT, [kid, algorithm, JSON.stringify(publicJwk), sealed, createdAt, activatesAt]);
}

/** Stores what can change of a key: its times, and how its private half is sealed. */
export async function updateSigningKey(tx: Transaction, key: SigningKey): Promise<void> {
  await tx.query(UPDATE, [
    key.kid,
    key.sealed,
    key.activatesAt,
    key.retiresAt ?? null,
    key.expiresAt ?? null,
    key.revokedAt ?? null,
    key.revokedReason ?? null,
  ]);
}

/** Removes keys. */
export async function deleteSigningKeys(tx: Transaction, kids: readonly string[]): Promise<void> {
  await tx.query(DELETE, [kids]);
}

/** Keeps all other changes of keys waiting until the transaction ends. */
export async function lockSigningKeys(tx: Transaction): Promise<true> {
  await tx.query(LOCK);
  return true;
}

/** As `lockSigningKeys`, but false at once where another transaction has the lock. */
export async function tryLockSigningKeys(tx: Transaction): Promise<boolean> {
  const [row] = await tx.query(TRY_LOCK);
  return row?.held === true;
}

function toSigningKey(row: SigningKeyRow): SigningKey {
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    publicJwk: row.public_jwk,
    sealed: row.private_key_sealed,
    createdAt: row.created_at,
    activatesAt: row.activates_at,
    retiresAt: row.retires_at ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    revokedReason: row.revoked_reason ?? undefined,
  };
}
