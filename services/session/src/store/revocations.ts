import type { EventSource, Invalidation } from '@gatehouse/mesh';
import { statement, type Transaction } from '@gatehouse/postgres';
import type { RevokedReason, Session } from '../domain/session.ts';

/** A revocation of some sessions, for one reason. */
export interface Revocation {
  /** Sessions whose rows the transaction holds, and that are not revoked. */
  readonly sessions: readonly Session[];
  readonly reason: RevokedReason;
  readonly at: Date;
  readonly source: EventSource;
  /** The end user in whose name it is done, where the call itself does not say so. */
  readonly byUser?: string | undefined;
}

/** Tells the audit trail of a revocation. */
export interface RevocationEvents {
  sessionsRevoked(
    tx: Transaction,
    source: EventSource,
    sessions: readonly Session[],
    reason: RevokedReason,
    byUser?: string,
  ): Promise<void>;
}

const REVOKE = statement(
  'session.revoke-sessions',
  `update session.sessions s set revoked_at = $4::timestamptz, revoked_reason = $5::varchar, version = r.version
   from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as r (user_id, id, version)
   where s.user_id = r.user_id and s.id = r.id`,
);

/** Ends sessions: the rows and the audit events commit together. Returns what the write has changed, for the caches. */
export async function revokeAll(
  tx: Transaction,
  events: RevocationEvents,
  { sessions, reason, at, source, byUser }: Revocation,
): Promise<Invalidation[]> {
  if (sessions.length === 0) return [];
  const changes = sessions.map(({ id, version }) => ({ id, version: version + 1n, gone: reason }));
  tx.defer(REVOKE, [
    sessions.map(({ userId }) => userId),
    sessions.map(({ id }) => id),
    changes.map(({ version }) => version),
    at,
    reason,
  ]);
  await events.sessionsRevoked(tx, source, sessions, reason, byUser);
  return changes;
}
