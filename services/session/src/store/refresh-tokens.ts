import { type Database, statement, type Transaction } from '@gatehouse/postgres';
import type { RefreshFamily } from '../domain/refresh-family.ts';

/** The session that a family of refresh tokens belongs to. */
export interface FamilyOwner {
  readonly userId: string;
  readonly sessionId: string;
}

/** What ends a wait for a store before the store's own limits do. */
export interface Waiting {
  readonly signal: AbortSignal;
}

/**
 * Where families of refresh tokens are kept. Everything is read as it was last written. Where the store does not answer,
 * methods reject with Failure `unavailable`, and a write may then have been made: whoever repeats the call finds out.
 */
export interface RefreshTokens {
  /**
   * Prepares a new family. Call it before the transaction that inserts the session, and what it returns in that
   * transaction, after the session. A family that is prepared and never inserted does no harm.
   */
  prepare(owner: FamilyOwner, family: RefreshFamily, call: Waiting): Promise<(tx: Transaction) => Promise<void>>;
  /** The family of a session, whatever its state. */
  find(owner: FamilyOwner, call: Waiting): Promise<RefreshFamily | undefined>;
  /**
   * Puts `to` in the place of `from`, and does `alongside` in a transaction: in the same one where the store is the
   * database, else right after. Answers false, without `alongside`, when the family is no longer as `from` says.
   */
  swap(owner: FamilyOwner, change: FamilyChange, call: Waiting): Promise<boolean>;
  /** Removes the family once the transaction commits, or some time after: its session is no good from then on. */
  remove(tx: Transaction, owner: FamilyOwner): Promise<void>;
}

export interface FamilyChange {
  readonly from: RefreshFamily;
  readonly to: RefreshFamily;
  readonly alongside: (tx: Transaction) => Promise<void>;
}

interface Row {
  generation: number;
  token_hash: Buffer;
  issued_at: Date;
  rotated_at: Date | null;
  expires_at: Date;
}

const INSERT = statement(
  'session.insert-refresh-token',
  `insert into session.refresh_tokens (user_id, session_id, generation, token_hash, issued_at, rotated_at, expires_at)
   values ($1::uuid, $2::uuid, $3::integer, $4::bytea, $5::timestamptz, $6::timestamptz, $7::timestamptz)`,
);
const FIND = statement<Row>(
  'session.find-refresh-token',
  `select generation, token_hash, issued_at, rotated_at, expires_at from session.refresh_tokens
   where user_id = $1::uuid and session_id = $2::uuid`,
);
const SWAP = statement<{ generation: number }>(
  'session.swap-refresh-token',
  `update session.refresh_tokens
   set generation = $5::integer, token_hash = $6::bytea, issued_at = $7::timestamptz, rotated_at = $8::timestamptz
   where user_id = $1::uuid and session_id = $2::uuid and generation = $3::integer and token_hash = $4::bytea
   returning generation`,
);
const DELETE = statement(
  'session.delete-refresh-token',
  'delete from session.refresh_tokens where user_id = $1::uuid and session_id = $2::uuid',
);

/** Keeps families in Postgres, beside their sessions. */
export function postgresRefreshTokens(db: Database): RefreshTokens {
  return {
    async prepare({ userId, sessionId }, { generation, tokenHash, issuedAt, rotatedAt, expiresAt }) {
      return async (tx) => {
        tx.defer(INSERT, [userId, sessionId, generation, tokenHash, issuedAt, rotatedAt ?? null, expiresAt]);
      };
    },
    async find({ userId, sessionId }, call) {
      const [row] = await db.within(call).query(FIND, [userId, sessionId]);
      return row && toFamily(row);
    },
    swap({ userId, sessionId }, { from, to, alongside }, call) {
      return db.within(call).transaction(async (tx) => {
        const expected = [userId, sessionId, from.generation, from.tokenHash];
        const rows = await tx.query(SWAP, [
          ...expected,
          to.generation,
          to.tokenHash,
          to.issuedAt,
          to.rotatedAt ?? null,
        ]);
        if (rows.length === 0) return false;
        await alongside(tx);
        return true;
      });
    },
    async remove(tx, { userId, sessionId }) {
      tx.defer(DELETE, [userId, sessionId]);
    },
  };
}

function toFamily(row: Row): RefreshFamily {
  return {
    generation: row.generation,
    tokenHash: row.token_hash,
    issuedAt: row.issued_at,
    rotatedAt: row.rotated_at ?? undefined,
    expiresAt: row.expires_at,
  };
}
