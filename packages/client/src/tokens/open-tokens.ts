import {
  type IntrospectTokenResponse,
  TokenServiceService as rpcs,
  TokenType as WireType,
} from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { CallOptions, Channel } from '../channel/open-channel.ts';
import { type Origin, type SessionInfo, toOriginMessage, toSessionInfo } from '../sessions/session-info.ts';
import { invalidResponse } from '../sessions/validated-session.ts';

/** Tokens that take the place of those that were presented. */
export interface RefreshedSession {
  readonly refreshToken: string;
  /** Milliseconds since the epoch. */
  readonly refreshTokenExpiresAtMs: number;
  readonly accessToken: string;
  /** Milliseconds since the epoch. */
  readonly accessTokenExpiresAtMs: number;
  readonly session: SessionInfo;
}

export interface IssuedAccessToken {
  /** A JWT (RFC 9068). */
  readonly accessToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

export type TokenType = 'session' | 'refresh' | 'access';

/** What RFC 7662, section 2.2, says of a token; times are Unix seconds, as there. */
export type Introspection =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly tokenType: TokenType | undefined;
      readonly sub: string;
      readonly sid: string;
      readonly exp: number | undefined;
      readonly iat: number | undefined;
      readonly nbf: number | undefined;
      readonly authTime: number | undefined;
      readonly amr: readonly string[];
      readonly acr: string;
      /** The rest only of an access token. */
      readonly aud: readonly string[];
      readonly iss: string;
      readonly jti: string;
    };

export interface KeySet {
  /** Public keys (RFC 7517). */
  readonly keys: readonly unknown[];
  /** How long they may be kept. Seconds. */
  readonly maxAgeSeconds: number;
}

/** Everything about tokens that are made from a session. Every method rejects with GatehouseError. */
export interface Tokens {
  /**
   * Exchanges a refresh token. The successor is the same for everybody who presents the token within the grace period, so
   * the call may be repeated when its answer is lost. UNAUTHENTICATED with REFRESH_TOKEN_INVALID, REFRESH_TOKEN_EXPIRED,
   * REFRESH_TOKEN_REUSED (and all tokens of the session are revoked), SESSION_EXPIRED, SESSION_IDLE or SESSION_REVOKED;
   * ABORTED with REFRESH_CONFLICT: ask again.
   */
  refresh(
    refreshToken: string,
    request?: { readonly audience?: string; readonly origin?: Origin },
    options?: CallOptions,
  ): Promise<RefreshedSession>;
  /** Issues an access token for the session of a token. INVALID_ARGUMENT with AUDIENCE_NOT_ALLOWED. */
  issueAccessToken(
    sessionToken: string,
    request?: { readonly audience?: string },
    options?: CallOptions,
  ): Promise<IssuedAccessToken>;
  /** Describes a token (RFC 7662). Whatever is wrong with it, the answer is `active: false`. */
  introspect(
    token: string,
    request?: { readonly tokenTypeHint?: TokenType },
    options?: CallOptions,
  ): Promise<Introspection>;
  /** The keys that access tokens are verified with; `createAccessTokens` asks for them by itself. */
  keySet(options?: CallOptions): Promise<KeySet>;
}

const HINTS: Readonly<Record<TokenType, WireType>> = {
  session: WireType.TOKEN_TYPE_SESSION,
  refresh: WireType.TOKEN_TYPE_REFRESH,
  access: WireType.TOKEN_TYPE_ACCESS,
};

export function openTokens(channel: Channel): Tokens {
  return {
    async refresh(refreshToken, { audience = '', origin } = {}, options) {
      const request = { refreshToken, audience, origin: origin && toOriginMessage(origin) };
      const response = await channel.call(rpcs.refreshSession, request, options);
      if (!response.refreshToken || !response.accessToken) throw invalidResponse();
      return {
        refreshToken: response.refreshToken,
        refreshTokenExpiresAtMs: timeOf(response.refreshTokenExpiresAt),
        accessToken: response.accessToken,
        accessTokenExpiresAtMs: timeOf(response.accessTokenExpiresAt),
        session: toSessionInfo(response.session),
      };
    },
    async issueAccessToken(sessionToken, { audience = '' } = {}, options) {
      const response = await channel.call(rpcs.issueAccessToken, { sessionToken, audience }, options);
      if (!response.accessToken) throw invalidResponse();
      return { accessToken: response.accessToken, expiresAtMs: timeOf(response.expiresAt) };
    },
    async introspect(token, { tokenTypeHint } = {}, options) {
      const hint = tokenTypeHint === undefined ? WireType.TOKEN_TYPE_UNSPECIFIED : HINTS[tokenTypeHint];
      const response = await channel.call(rpcs.introspectToken, { token, tokenTypeHint: hint }, options);
      return response.active ? toActive(response) : { active: false };
    },
    async keySet(options) {
      const { keys, maxAgeSeconds } = await channel.call(rpcs.getJsonWebKeySet, {}, options);
      return { keys, maxAgeSeconds };
    },
  };
}

function toActive({ tokenType, exp, iat, nbf, authTime, ...rest }: IntrospectTokenResponse): Introspection {
  const { sub, sid, amr, acr, aud, iss, jti } = rest;
  const type = (Object.keys(HINTS) as TokenType[]).find((each) => HINTS[each] === tokenType);
  return {
    active: true,
    tokenType: type,
    sub,
    sid,
    exp: toSeconds(exp),
    iat: toSeconds(iat),
    nbf: toSeconds(nbf),
    authTime: toSeconds(authTime),
    amr,
    acr,
    aud,
    iss,
    jti,
  };
}

function toSeconds(date: Date | undefined): number | undefined {
  return date && Math.floor(date.getTime() / 1000);
}

function timeOf(date: Date | undefined): number {
  if (!date) throw invalidResponse();
  return date.getTime();
}
