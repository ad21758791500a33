import { invalidToken } from './access-token-error.ts';
import { parseStrictObject } from './strict-json.ts';

/** Longest life of an access token that is accepted, whatever it says itself. */
export const ACCESS_TOKEN_LIFETIME_MAX_SECONDS = 3_600;

/** What an access token says, in the names of RFC 9068. Times are Unix seconds. */
export interface AccessTokenClaims {
  /** Who issued it. */
  readonly iss: string;
  /** The user; UUID. */
  readonly sub: string;
  /** The session; UUID. */
  readonly sid: string;
  /** Whom it is for. */
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number;
  /** What identifies the token. Its text does not: a signature of ES256 has two forms that are equally good. */
  readonly jti: string;
  /** When the user was authenticated. */
  readonly auth_time?: number;
  /** How the user was authenticated (RFC 8176). */
  readonly amr?: readonly string[];
  /** The authentication level, "1" to "3". */
  readonly acr?: string;
}

const TEXT_MAX_CHARACTERS = 512;
const LIST_MAX = 32;
/** The last second of the year 9999. */
const TIME_MAX_SECONDS = 253_402_300_799;

/**
 * Reads the claims of a token. Throws ACCESS_TOKEN_INVALID where one is missing or has the wrong type, where the times
 * contradict each other, and where it lives longer than ACCESS_TOKEN_LIFETIME_MAX_SECONDS. Ignores claims that it does
 * not know (RFC 7519, section 4).
 */
export function readClaims(payload: string): AccessTokenClaims {
  const { iss, sub, sid, aud, exp, iat, nbf, jti, auth_time, amr, acr } = parseStrictObject(payload);
  const claims: AccessTokenClaims = {
    iss: text(iss),
    sub: text(sub),
    sid: text(sid),
    aud: typeof aud === 'string' ? [text(aud)] : texts(aud, 1),
    exp: time(exp),
    iat: time(iat),
    jti: text(jti),
    ...(nbf === undefined ? {} : { nbf: time(nbf) }),
    ...(auth_time === undefined ? {} : { auth_time: time(auth_time) }),
    ...(amr === undefined ? {} : { amr: texts(amr, 0) }),
    ...(acr === undefined ? {} : { acr: text(acr) }),
  };
  const lifetimeSeconds = claims.exp - claims.iat;
  if (lifetimeSeconds <= 0 || lifetimeSeconds > ACCESS_TOKEN_LIFETIME_MAX_SECONDS) throw invalidToken();
  if (claims.nbf !== undefined && claims.nbf >= claims.exp) throw invalidToken();
  return claims;
}

function text(value: unknown): string {
  const good = typeof value === 'string' && value !== '' && value.length <= TEXT_MAX_CHARACTERS && value.isWellFormed();
  if (!good) throw invalidToken();
  return value;
}

function texts(value: unknown, atLeast: number): string[] {
  if (!Array.isArray(value) || value.length < atLeast || value.length > LIST_MAX) throw invalidToken();
  return value.map(text);
}

/** NaN, infinity, fractions, and times before 1970 or after 9999 are no times. */
function time(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > TIME_MAX_SECONDS) {
    throw invalidToken();
  }
  return value;
}
