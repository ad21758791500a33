import type { AuditEvent, EventSource, Trail } from '@gatehouse/mesh';
import type { Transaction } from '@gatehouse/postgres';
import { Counter, type Registry } from '@gatehouse/process';
import type { AnonymousRefusals, DecisionPoint } from './domain/refusal-tally.ts';
import type { RevokedReason, Session } from './domain/session.ts';
import type { SigningKey } from './domain/signing-key.ts';

/** Every business event of the session service: what the audit trail learns of it, and what is counted. */
export interface Events {
  sessionCreated(tx: Transaction, source: EventSource, session: Session): Promise<void>;
  sessionElevated(
    tx: Transaction,
    source: EventSource,
    replaced: { readonly from: Session; readonly to: Session },
  ): Promise<void>;
  sessionExtended(tx: Transaction, source: EventSource, session: Session): Promise<void>;
  sessionsRevoked(
    tx: Transaction,
    source: EventSource,
    sessions: readonly Session[],
    reason: RevokedReason,
    byUser?: string,
  ): Promise<void>;
  sessionAccepted(
    source: EventSource,
    at: DecisionPoint,
    session: { readonly sessionId: string; readonly userId: string },
  ): void;
  /** Several at once, by one call. */
  sessionsAccepted(
    source: EventSource,
    at: DecisionPoint,
    sessions: readonly { readonly sessionId: string; readonly userId: string }[],
  ): void;
  /** A request passed without a good session, because its route lets it. */
  nobodyAccepted(source: EventSource): void;
  /** No store could tell, and the caller learns that as one result among others. */
  sessionUndecided(at: DecisionPoint, reason: string): void;
  /** One by which no session was proved is only counted. */
  sessionRefused(
    source: EventSource,
    at: DecisionPoint,
    reason: string,
    sessionId?: string,
    origin?: AuditEvent['origin'],
  ): void;
  signingKeyCreated(tx: Transaction, source: EventSource, key: SigningKey): Promise<void>;
  /** The key got a successor, and with it the time at which it signs no more. */
  signingKeyRotated(tx: Transaction, source: EventSource, key: SigningKey, successorKid?: string): Promise<void>;
  signingKeyRevoked(tx: Transaction, source: EventSource, key: SigningKey): Promise<void>;
}

export function openEvents(trail: Trail, registry: Registry, anonymous: AnonymousRefusals): Events {
  const created = new Counter({ name: 'session_created_total', help: 'Sessions created.', registers: [registry] });
  const elevated = new Counter({
    name: 'session_elevated_total',
    help: 'Sessions that were replaced by one of a higher authentication level, by that level.',
    labelNames: ['level'],
    registers: [registry],
  });
  const extended = new Counter({
    name: 'session_extended_total',
    help: 'Times that a session was made to end later.',
    registers: [registry],
  });
  const revoked = new Counter({
    name: 'session_revoked_total',
    help: 'Sessions revoked, by reason.',
    labelNames: ['reason'],
    registers: [registry],
  });
  // Kept apart until they are scraped: a labelled counter costs a good part of what a validation in memory does.
  const accepted = { service: 0, edge: 0 };
  const decisions = new Counter({
    name: 'session_decisions_total',
    help: 'Validations, by where they were asked for and how they ended.',
    labelNames: ['at', 'result'],
    registers: [registry],
    collect() {
      for (const at of ['service', 'edge'] as const) {
        this.inc({ at, result: 'OK' }, accepted[at]);
        accepted[at] = 0;
      }
    },
  });
  const observeAccepted = (
    source: EventSource,
    at: DecisionPoint,
    { sessionId, userId }: { readonly sessionId: string; readonly userId: string },
  ) => {
    const type = at === 'edge' ? 'request.allowed' : 'session.validated';
    trail.observe(source, { type, status: 'success', sessionId, userId, actorUserId: userId });
  };
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
    async sessionElevated(tx, source, { from, to }) {
      await trail.record(tx, source, {
        type: 'session.elevated',
        status: 'success',
        userId: to.userId,
        sessionId: to.id,
        actorUserId: to.userId,
        origin: to.origin,
        attributes: {
          replaced_session_id: from.id,
          authentication_level: String(to.authenticationLevel),
          authentication_methods: to.authenticationMethods.join(' '),
        },
      });
      tx.afterCommit(() => elevated.inc({ level: to.authenticationLevel }));
    },
    async sessionExtended(tx, source, { id, userId, expiresAt }) {
      await trail.record(tx, source, {
        type: 'session.extended',
        status: 'success',
        userId,
        sessionId: id,
        actorUserId: userId,
        attributes: { expires_at: expiresAt.toISOString() },
      });
      tx.afterCommit(() => extended.inc());
    },
    async sessionsRevoked(tx, source, sessions, reason, byUser) {
      await trail.recordAll(
        tx,
        source,
        sessions.map(({ id, userId }) => ({
          type: 'session.revoked',
          status: 'success',
          userId,
          sessionId: id,
          actorUserId: byUser,
          attributes: { revoked_reason: reason },
        })),
      );
      tx.afterCommit(() => revoked.inc({ reason }, sessions.length));
    },
    sessionAccepted(source, at, session) {
      accepted[at] += 1;
      if (trail.observes('success')) observeAccepted(source, at, session);
    },
    sessionsAccepted(source, at, sessions) {
      accepted[at] += sessions.length;
      if (trail.observes('success')) for (const session of sessions) observeAccepted(source, at, session);
    },
    nobodyAccepted(source) {
      decisions.inc({ at: 'edge', result: 'ANONYMOUS' });
      if (!trail.observes('success')) return;
      trail.observe(source, { type: 'request.allowed', status: 'success', attributes: { anonymous: 'true' } });
    },
    sessionUndecided(at, reason) {
      decisions.inc({ at, result: reason });
    },
    sessionRefused(source, at, reason, sessionId, origin) {
      decisions.inc({ at, result: reason });
      if (sessionId === undefined || reason === 'SESSION_TOKEN_INVALID') {
        return anonymous.count(at, reason, origin?.ipAddress || source.peer.address);
      }
      const type = at === 'edge' ? 'request.denied' : 'session.refused';
      trail.observe(source, { type, status: 'denied', sessionId, origin, attributes: { reason } });
    },
    async signingKeyCreated(tx, source, { kid, activatesAt }) {
      const attributes = { kid, activates_at: activatesAt.toISOString() };
      await trail.record(tx, source, { type: 'signing_key.created', status: 'success', attributes });
    },
    async signingKeyRotated(tx, source, { kid, retiresAt }, successorKid = '') {
      const attributes = { kid, successor_kid: successorKid, retires_at: retiresAt?.toISOString() ?? '' };
      await trail.record(tx, source, { type: 'signing_key.rotated', status: 'success', attributes });
    },
    async signingKeyRevoked(tx, source, { kid, revokedReason = '' }) {
      const attributes = { kid, reason: revokedReason };
      await trail.record(tx, source, { type: 'signing_key.revoked', status: 'success', attributes });
    },
  };
}
