import type { Session } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { GatehouseError } from '../gatehouse-error.ts';

/** A session that is good. One object may be given to many callers, and can't be changed. */
export interface ValidatedSession {
  /** UUID. */
  readonly sessionId: string;
  /** UUID. */
  readonly userId: string;
  /** How the user was authenticated (RFC 8176), such as `pwd`. */
  readonly authenticationMethods: readonly string[];
  /** How far the user's identity was proved, from 1 to 3 (NIST SP 800-63B). */
  readonly authenticationLevel: number;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** When the session ends, whatever happens. Milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** How long the session may go without use; 0: for as long as it lives. */
  readonly idleTimeoutSeconds: number;
  /**
   * The newest consistency token that authz has given for the user; empty: none. A check about the user that is at least as
   * fresh as this sees whatever the user has done or was given.
   */
  readonly authzToken: string;
}

/** Reads what the service says of a good session. Throws for one that lacks what nothing can be decided without. */
export function toValidatedSession(message: Session | undefined): ValidatedSession {
  if (!message?.sessionId || !message.userId || !message.createdAt || !message.expiresAt) throw invalidResponse();
  return Object.freeze({
    sessionId: message.sessionId,
    userId: message.userId,
    authenticationMethods: Object.freeze([...message.authenticationMethods]),
    authenticationLevel: message.authenticationLevel,
    createdAtMs: message.createdAt.getTime(),
    expiresAtMs: message.expiresAt.getTime(),
    idleTimeoutSeconds: message.idleTimeoutSeconds,
    authzToken: message.authzToken,
  });
}

/** The server has answered with something that the contract does not allow. */
export function invalidResponse(): GatehouseError {
  return new GatehouseError('INTERNAL', 'RESPONSE_INVALID', 'The answer of the session service can not be understood.');
}
