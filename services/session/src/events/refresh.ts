import type { AuditEvent, EventSource, Trail } from '@gatehouse/mesh';
import type { Transaction } from '@gatehouse/postgres';
import { Counter, type Registry } from '@gatehouse/process';
import type { SwapCause } from '../domain/refresh-family.ts';
import type { AnonymousRefusals } from '../domain/refusal-tally.ts';

/** How a refresh token was answered: with a new one, for one reason or the other, or with the current one again. */
export type RefreshResult = SwapCause | 'repeated';

/** The session that a refresh is about, and where its user is. */
export interface Refreshed {
  readonly sessionId: string;
  readonly userId: string;
  /** Of the token that was presented. */
  readonly generation: number;
  readonly origin: AuditEvent['origin'];
}

/** The business events of refresh tokens: what the audit trail learns of each, and what is counted. */
export interface RefreshEvents {
  sessionRefreshed(tx: Transaction, source: EventSource, refreshed: Refreshed, result: RefreshResult): Promise<void>;
  refreshTokenReused(tx: Transaction, source: EventSource, refreshed: Refreshed): Promise<void>;
  /** One that is none of ours is only counted. */
  refreshTokenRefused(source: EventSource, reason: string, sessionId?: string, origin?: AuditEvent['origin']): void;
}

export function openRefreshEvents(trail: Trail, registry: Registry, anonymous: AnonymousRefusals): RefreshEvents {
  const refreshes = new Counter({
    name: 'session_refreshes_total',
    help: 'Refresh tokens presented, by how they were answered: rotated, repeated, caught_up, or the reason of a refusal.',
    labelNames: ['result'],
    registers: [registry],
  });
  const reused = new Counter({
    name: 'session_refresh_tokens_reused_total',
    help: 'Refresh tokens that were used a second time too late, each of which ended its session.',
    registers: [registry],
  });
  return {
    async sessionRefreshed(tx, source, { sessionId, userId, generation, origin }, result) {
      await trail.record(tx, source, {
        type: 'session.refreshed',
        status: 'success',
        userId,
        sessionId,
        actorUserId: userId,
        origin,
        attributes: { result, generation: String(generation) },
      });
      tx.afterCommit(() => refreshes.inc({ result }));
    },
    async refreshTokenReused(tx, source, { sessionId, userId, generation, origin }) {
      await trail.record(tx, source, {
        type: 'refresh_token.reused',
        status: 'denied',
        userId,
        sessionId,
        origin,
        attributes: { generation: String(generation) },
      });
      tx.afterCommit(() => {
        reused.inc();
        refreshes.inc({ result: 'REFRESH_TOKEN_REUSED' });
      });
    },
    refreshTokenRefused(source, reason, sessionId, origin) {
      refreshes.inc({ result: reason });
      if (sessionId === undefined) return anonymous.count('service', reason, origin?.ipAddress || source.peer.address);
      trail.observe(source, {
        type: 'refresh_token.refused',
        status: 'denied',
        sessionId,
        origin,
        attributes: { reason },
      });
    },
  };
}
