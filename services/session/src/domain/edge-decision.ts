import type { Failure } from '@gatehouse/failure';
import type { CachedSession } from './cached-session.ts';
import type { HeaderChanges } from './edge-headers.ts';
import type { EdgePolicy } from './edge-policy.ts';

/** What the edge decided about a request. */
export type EdgeDecision = Allowed | AllowedForNobody | Denied;

export interface Allowed {
  readonly outcome: 'allowed';
  readonly session: EdgeSession;
  /** A JWT for the upstream. */
  readonly accessToken: string;
  readonly policy: EdgePolicy;
  readonly changes: HeaderChanges;
}

/** The request passes without a session, because its route lets it. */
export interface AllowedForNobody {
  readonly outcome: 'anonymous';
  readonly policy: EdgePolicy;
  readonly changes: HeaderChanges;
}

export interface Denied {
  readonly outcome: 'denied';
  readonly denial: Denial;
  /** Whose request it is, where the session was good. */
  readonly session: EdgeSession | undefined;
}

/** What the upstream and the proxy learn of a session. */
export type EdgeSession = Pick<CachedSession, 'userId' | 'sessionId' | 'authenticationMethods' | 'authenticationLevel'>;

/** Why a request does not pass, in HTTP's words. */
export interface Denial {
  /** 400 is for what can't be taken away from a request; 500 for a route whose settings make no sense. */
  readonly status: 400 | 401 | 403 | 500;
  readonly reason: string;
  /** A sentence for people; no secret. */
  readonly message: string;
  /** Parameters of the Bearer challenge (RFC 6750, section 3), besides the realm; undefined: no challenge. */
  readonly challenge?: Readonly<Record<string, string>>;
}

/** The session token is missing or no good. */
export function tokenRefused({ reason, message }: Failure): Denial {
  // RFC 6750, section 3: a request without a credential is told the scheme and no error.
  const missing = reason === 'SESSION_TOKEN_MISSING';
  const challenge = missing ? {} : { error: 'invalid_token', error_description: message };
  return { status: 401, reason, message, challenge };
}

/** The user has to prove more (RFC 9470, section 3). */
export function levelTooLow(minLevel: number): Denial {
  const message = 'The session has not the authentication level that is needed.';
  const challenge = {
    error: 'insufficient_user_authentication',
    error_description: message,
    acr_values: String(minLevel),
  };
  return { status: 401, reason: 'LEVEL_TOO_LOW', message, challenge };
}

/** The user may not (RFC 6750, section 3.1). */
export function permissionMissing(): Denial {
  const message = 'The user does not hold the permission that is needed.';
  const challenge = { error: 'insufficient_scope', error_description: message };
  return { status: 403, reason: 'PERMISSION_MISSING', message, challenge };
}

/** A page of somebody else may have made the browser ask. */
export function csrfSuspected(): Denial {
  return { status: 403, reason: 'CSRF_SUSPECTED', message: 'The request seems to come from another site.' };
}

/** The application could take a header of the client for one of the edge, and nothing on the way would remove it. */
export function headerNotAccepted(): Denial {
  const message = 'The request has a header that an application could take for one which only the edge may set.';
  return { status: 400, reason: 'HEADER_NOT_ACCEPTED', message };
}

/** The operator has set something at the proxy that makes no sense. What, is in the log. */
export function routeMisconfigured(): Denial {
  return { status: 500, reason: 'POLICY_INVALID', message: 'The route is not configured rightly.' };
}
