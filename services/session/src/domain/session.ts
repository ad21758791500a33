import { Failure } from '@gatehouse/failure';

/** Where a session was created from. Empty strings where it is not known. */
export interface SessionOrigin {
  readonly ipAddress: string;
  readonly userAgent: string;
  readonly deviceFingerprint: string;
  readonly countryCode: string;
  readonly city: string;
}

/** A session as it is stored. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly tokenHash: Buffer;
  readonly authenticationMethods: readonly string[];
  /** From 1 to 3 (NIST SP 800-63B, authenticator assurance levels). */
  readonly authenticationLevel: number;
  readonly origin: SessionOrigin;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** Seconds without use after which the session ends; 0: none. */
  readonly idleTimeoutSeconds: number;
  readonly lastActivityAt: Date;
  /** Where it was last used from; empty where it is not known. */
  readonly lastIpAddress: string;
  readonly revokedAt: Date | undefined;
  readonly revokedReason: RevokedReason | undefined;
  /** The newest consistency token that authz has given for the user; empty: none. */
  readonly authzToken: string;
  readonly version: bigint;
}

/** Why a session was revoked, as it is stored. */
export type RevokedReason =
  | 'logout'
  | 'administrative'
  | 'compromised'
  | 'session_limit'
  | 'replaced'
  | 'refresh_token_reused'
  | 'credential_changed'
  | 'user_disabled';

/** When a session that begins now ends: after what was asked for, or at most after `maxSeconds`. */
export function sessionEnd(now: Date, askedSeconds: number, maxSeconds: number): Date {
  return new Date(now.getTime() + atMost(askedSeconds, maxSeconds) * 1000);
}

/**
 * When a session ends that is to live `askedSeconds` more: never later than `maxSeconds` after its creation, and never
 * earlier than it does already.
 */
export function extendedEnd(
  { createdAt, expiresAt }: Pick<Session, 'createdAt' | 'expiresAt'>,
  now: Date,
  askedSeconds: number,
  maxSeconds: number,
): Date {
  const last = sessionEnd(createdAt, maxSeconds, maxSeconds);
  const asked = sessionEnd(now, askedSeconds, maxSeconds);
  const end = asked < last ? asked : last;
  return end > expiresAt ? end : expiresAt;
}

/** What was asked for, or the most there is: where nothing was asked for (0), or more. A most of 0 is no limit. */
export function atMost(asked: number, most: number): number {
  if (asked === 0) return most;
  return most === 0 ? asked : Math.min(asked, most);
}

/** The session was good until it ended by itself. */
export function sessionExpired(): Failure {
  return new Failure('unauthenticated', 'SESSION_EXPIRED', 'The session has expired.');
}

/** The session was not used for longer than its idle timeout. */
export function sessionIdle(): Failure {
  return new Failure('unauthenticated', 'SESSION_IDLE', 'The session was not used for too long.');
}

/** The session was ended. */
export function sessionRevoked(revokedReason: string): Failure {
  return new Failure('unauthenticated', 'SESSION_REVOKED', 'The session was revoked.', {
    metadata: { revoked_reason: revokedReason },
  });
}
