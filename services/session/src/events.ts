import type { AuditEvent, EventSource, Trail } from '@gatehouse/mesh';
import type { Transaction } from '@gatehouse/postgres';
import { Counter, type Registry } from '@gatehouse/process';
import type { RevokedReason, Session } from './domain/session.ts';

/** Where a decision was asked for: by a service, or by a proxy for an HTTP request. */
export type DecisionPoint = 'service' | 'edge';

/** Every business event of the session service: what the audit trail learns of it, and what is counted. */
export interface Events {
  sessionCreated(tx: Transaction, source: EventSource, session: Session): Promise<void>;
  sessionRevoked(
    tx: Transaction,
    source: EventSource,
    session: Session,
    reason: RevokedReason,
    byUser?: string,
  ): Promise<void>;
  sessionAccepted(source: EventSource, at: DecisionPoint, who: () => { sessionId: string; userId: string }): void;
  sessionRefused(
    source: EventSource,
    at: DecisionPoint,
    reason: string,
    sessionId?: string,
    origin?: AuditEvent['origin'],
  ): void;
}

export function openEvents(trail: Trail, registry: Registry): Events {
  const created = new Counter({ name: 'session_created_total', help: 'Sessions created.', registers: [registry] });
  const revoked = new Counter({
    name: 'session_revoked_total',
    help: 'Sessions revoked, by reason.',
    labelNames: ['reason'],
    registers: [registry],
  });
  const decisions = new Counter({
    name: 'session_decisions_total',
    help: 'Validations, by where they were asked for and how they ended.',
    labelNames: ['at', 'result'],
    registers: [registry],
  });
  const accepted = { service: decisions.labels('service', 'OK'), edge: decisions.labels('edge', 'OK') };
  return {
    async sessionCreated(tx, source, { id, userId, origin, authenticationMethods }) {
      const attributes = { authentication_methods: authenticationMethods.join(' ') };
      await trail.record(tx, source, {
        type: 'session.created',
        status: 'success',
        userId,
        sessionId: id,
        origin,
        attributes,
      });
      tx.afterCommit(() => created.inc());
    },
    async sessionRevoked(tx, source, { id, userId }, reason, byUser) {
      await trail.record(tx, source, {
        type: 'session.revoked',
        status: 'success',
        userId,
        sessionId: id,
        actorUserId: byUser,
        attributes: { revoked_reason: reason },
      });
      tx.afterCommit(() => revoked.inc({ reason }));
    },
    sessionAccepted(source, at, who) {
      accepted[at].inc();
      if (!trail.observes('success')) return;
      const { sessionId, userId } = who();
      const type = at === 'edge' ? 'request.allowed' : 'session.validated';
      trail.observe(source, { type, status: 'success', sessionId, userId, actorUserId: userId });
    },
    sessionRefused(source, at, reason, sessionId, origin) {
      decisions.inc({ at, result: reason });
      const type = at === 'edge' ? 'request.denied' : 'session.refused';
      trail.observe(source, { type, status: 'denied', sessionId, origin, attributes: { reason } });
    },
  };
}
