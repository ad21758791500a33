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
  readonly origin: SessionOrigin;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | undefined;
  readonly revokedReason: RevokedReason | undefined;
  readonly version: bigint;
}

/** Why a session was revoked, as it is stored. */
export type RevokedReason = 'logout' | 'administrative' | 'compromised';

/** When a session that begins now ends: after what was asked for, or at most after `maxSeconds`. */
export function sessionEnd(now: Date, askedSeconds: number, maxSeconds: number): Date {
  const seconds = askedSeconds === 0 ? maxSeconds : Math.min(askedSeconds, maxSeconds);
  return new Date(now.getTime() + seconds * 1000);
}

/** The session was good until it ended by itself. */
export function sessionExpired(): Failure {
  return new Failure('unauthenticated', 'SESSION_EXPIRED', 'The session has expired.');
}

/** The session was ended. */
export function sessionRevoked(revokedReason: string): Failure {
  return new Failure('unauthenticated', 'SESSION_REVOKED', 'The session was revoked.', {
    metadata: { revoked_reason: revokedReason },
  });
}
