import {
  RevokedReason as Reason,
  type Session as SessionMessage,
  ValidateSessionResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { CachedSession, SessionRecord } from '../domain/cached-session.ts';
import type { RevokedReason, Session } from '../domain/session.ts';

/** A session as those see it who create, change or list it. */
export function toMessage(session: Session): SessionMessage {
  return {
    sessionId: session.id,
    userId: session.userId,
    createdAt: session.createdAt,
    expiresAt: session.expiresAt,
    authenticationMethods: [...session.authenticationMethods],
    authenticationLevel: session.authenticationLevel,
    idleTimeoutSeconds: session.idleTimeoutSeconds,
    origin: { ...session.origin },
    lastActivityAt: undefined,
    lastIpAddress: '',
    revokedAt: undefined,
    revokedReason: Reason.REVOKED_REASON_UNSPECIFIED,
    authzToken: session.authzToken,
  };
}

/** A session in a list: with its use and its end. */
export function toListed(session: Session): SessionMessage {
  return {
    ...toMessage(session),
    lastActivityAt: session.lastActivityAt,
    lastIpAddress: session.lastIpAddress,
    revokedAt: session.revokedAt,
    revokedReason: toReasonMessage(session.revokedReason),
  };
}

/** A session as a validation shows it. */
export function toValidated(session: SessionRecord): SessionMessage {
  return {
    sessionId: session.sessionId,
    userId: session.userId,
    createdAt: new Date(session.createdAtMs),
    expiresAt: new Date(session.expiresAtMs),
    authenticationMethods: [...session.authenticationMethods],
    authenticationLevel: session.authenticationLevel,
    idleTimeoutSeconds: session.idleTimeoutMs / 1000,
    origin: undefined,
    lastActivityAt: undefined,
    lastIpAddress: '',
    revokedAt: undefined,
    revokedReason: Reason.REVOKED_REASON_UNSPECIFIED,
    authzToken: session.authzToken,
  };
}

/** The answer to a validation of the session: a ValidateSessionResponse, which is also a SessionValidation. It is kept with it. */
export function replyOf(session: CachedSession): Buffer {
  session.reply ??= inOwnMemory(toReply(session));
  return session.reply;
}

/** The answer to a validation of the session, encoded. */
export function toReply(session: SessionRecord): Buffer {
  return Buffer.from(ValidateSessionResponse.encode({ session: toValidated(session) }).finish());
}

/** A small buffer is a slice of a block that Node shares out, and kept for long it would keep the whole block. */
function inOwnMemory(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(own);
  return own;
}

const REASONS: Readonly<Record<RevokedReason, Reason>> = {
  logout: Reason.REVOKED_REASON_LOGOUT,
  administrative: Reason.REVOKED_REASON_ADMINISTRATIVE,
  compromised: Reason.REVOKED_REASON_COMPROMISED,
  session_limit: Reason.REVOKED_REASON_SESSION_LIMIT,
  replaced: Reason.REVOKED_REASON_REPLACED,
  refresh_token_reused: Reason.REVOKED_REASON_REFRESH_TOKEN_REUSED,
  credential_changed: Reason.REVOKED_REASON_CREDENTIAL_CHANGED,
  user_disabled: Reason.REVOKED_REASON_USER_DISABLED,
};

/** A reason as callers see it. */
export function toReasonMessage(reason: string | undefined): Reason {
  return REASONS[reason as RevokedReason] ?? Reason.REVOKED_REASON_UNSPECIFIED;
}
