import { RevokedReason as Reason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';

/** Why a session was revoked. */
export type RevokedReason = GivenReason | 'session_limit' | 'replaced' | 'refresh_token_reused';

/** Those of the reasons that a caller may give; the others are the service's own. */
export type GivenReason = 'logout' | 'administrative' | 'compromised' | 'credential_changed' | 'user_disabled';

const MESSAGES = {
  logout: Reason.REVOKED_REASON_LOGOUT,
  administrative: Reason.REVOKED_REASON_ADMINISTRATIVE,
  compromised: Reason.REVOKED_REASON_COMPROMISED,
  session_limit: Reason.REVOKED_REASON_SESSION_LIMIT,
  replaced: Reason.REVOKED_REASON_REPLACED,
  refresh_token_reused: Reason.REVOKED_REASON_REFRESH_TOKEN_REUSED,
  credential_changed: Reason.REVOKED_REASON_CREDENTIAL_CHANGED,
  user_disabled: Reason.REVOKED_REASON_USER_DISABLED,
} as const satisfies Readonly<Record<RevokedReason, Reason>>;

const REASONS = new Map<Reason, RevokedReason>(
  Object.entries(MESSAGES).map(([reason, message]) => [message, reason as RevokedReason]),
);

/** The reason as the service knows it. */
export function toReasonMessage(reason: GivenReason): Reason {
  return MESSAGES[reason] ?? Reason.REVOKED_REASON_UNSPECIFIED;
}

/** Undefined for none, and for one that this client does not know yet. */
export function toRevokedReason(message: Reason): RevokedReason | undefined {
  return REASONS.get(message);
}
