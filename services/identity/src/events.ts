import type { EventOrigin, EventSource, Trail } from '@gatehouse/mesh';
import type { Transaction } from '@gatehouse/postgres';
import { Counter, type Registry } from '@gatehouse/process';
import type { LoginRefusal } from './domain/account.ts';
import type { User } from './domain/user.ts';

/** Every business event of identity: its audit event and its metric. */
export interface Events {
  userRegistered(tx: Transaction, source: EventSource, user: User, origin: EventOrigin): Promise<void>;
  /** What was typed, the address too, is not recorded: it would outlive the user's erasure. */
  registrationRefused(source: EventSource, refusal: Refusal, origin: EventOrigin): void;
  loginSucceeded(tx: Transaction, source: EventSource, login: Login, origin: EventOrigin): Promise<void>;
  loginFailed(tx: Transaction, source: EventSource, failed: FailedLogin, origin: EventOrigin): Promise<void>;
}

export interface Refusal {
  readonly reason: string;
  /** The broken rules, separated by commas, when the password was too weak. */
  readonly rules?: string | undefined;
}

export interface Login {
  readonly userId: string;
  readonly sessionId: string;
}

export interface FailedLogin {
  /** Undefined when there is no such account. */
  readonly userId: string | undefined;
  readonly reason: LoginRefusal;
}

/** Opens the events on a trail. A metric counts what was committed. */
export function openEvents(trail: Trail, registry: Registry): Events {
  const metrics = eventMetrics(registry);
  return {
    async userRegistered(tx, source, user, origin) {
      await trail.record(tx, source, { type: 'user.registered', status: 'success', userId: user.id, origin });
      tx.afterCommit(() => metrics.usersRegistered.inc());
    },
    registrationRefused(source, { reason, rules }, origin) {
      const attributes = { reason, ...(rules ? { rules } : {}) };
      trail.observe(source, { type: 'user.registration_refused', status: 'denied', attributes, origin });
      metrics.registrationsRefused.inc({ reason });
    },
    async loginSucceeded(tx, source, { userId, sessionId }, origin) {
      const who = { userId, sessionId, actorUserId: userId };
      await trail.record(tx, source, { type: 'login.succeeded', status: 'success', ...who, origin });
      tx.afterCommit(() => metrics.loginsSucceeded.inc());
    },
    async loginFailed(tx, source, { userId, reason }, origin) {
      await trail.record(tx, source, {
        type: 'login.failed',
        status: 'denied',
        userId,
        attributes: { reason },
        origin,
      });
      tx.afterCommit(() => metrics.loginsFailed.inc({ reason }));
    },
  };
}

function eventMetrics(registry: Registry) {
  const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  return {
    usersRegistered: counter('identity_users_registered_total', 'Users who registered.'),
    registrationsRefused: counter('identity_registrations_refused_total', 'Registrations refused, by reason.', [
      'reason',
    ]),
    loginsSucceeded: counter('identity_logins_succeeded_total', 'Sign-ins that succeeded.'),
    loginsFailed: counter('identity_logins_failed_total', 'Sign-ins refused, by reason.', ['reason']),
  };
}
