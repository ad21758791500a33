import type { AccessTokenClaims } from '@gatehouse/client/verify';
import { type IntrospectTokenResponse, TokenType } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { CachedSession } from '../domain/cached-session.ts';

/** What is said of every token that is not good, whatever is wrong with it. */
export function toInactive(): IntrospectTokenResponse {
  return {
    active: false,
    tokenType: TokenType.TOKEN_TYPE_UNSPECIFIED,
    sub: '',
    exp: undefined,
    iat: undefined,
    nbf: undefined,
    aud: [],
    iss: '',
    jti: '',
    sid: '',
    amr: [],
    acr: '',
    authTime: undefined,
  };
}

/** A session token that is good. */
export function toActiveSessionToken(session: CachedSession): IntrospectTokenResponse {
  const createdAt = new Date(session.createdAtMs);
  return {
    ...toInactive(),
    active: true,
    tokenType: TokenType.TOKEN_TYPE_SESSION,
    sub: session.userId,
    sid: session.sessionId,
    exp: new Date(session.expiresAtMs),
    iat: createdAt,
    amr: [...session.authenticationMethods],
    acr: String(session.authenticationLevel),
    authTime: createdAt,
  };
}

/** A refresh token that may be used next. */
export function toActiveRefreshToken({
  session,
  issuedAt,
  expiresAt,
}: {
  readonly session: CachedSession;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}): IntrospectTokenResponse {
  return {
    ...toActiveSessionToken(session),
    tokenType: TokenType.TOKEN_TYPE_REFRESH,
    exp: expiresAt,
    iat: issuedAt,
  };
}

/** An access token that is good, and whose session is. */
export function toActiveAccessToken(claims: AccessTokenClaims): IntrospectTokenResponse {
  const { iss, sub, sid, aud, exp, iat, nbf, jti, auth_time: authTime, amr = [], acr = '' } = claims;
  return {
    active: true,
    tokenType: TokenType.TOKEN_TYPE_ACCESS,
    iss,
    sub,
    sid,
    jti,
    aud: [...aud],
    exp: toDate(exp),
    iat: toDate(iat),
    nbf: nbf === undefined ? undefined : toDate(nbf),
    amr: [...amr],
    acr,
    authTime: authTime === undefined ? undefined : toDate(authTime),
  };
}

function toDate(unixSeconds: number): Date {
  return new Date(unixSeconds * 1000);
}
