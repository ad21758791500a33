import { isSessionToken } from '../sessions/session-token.ts';

/** Name of the session's cookie. Browsers take a cookie of this prefix only from the host itself, over TLS. */
export const SESSION_COOKIE = '__Host-gatehouse_session';

/** Browsers keep no cookie longer (RFC 6265bis, section 5.5). */
const COOKIE_AGE_SECONDS_MAX = 400 * 24 * 60 * 60;
/** RFC 6265, section 4.1.1. */
const COOKIE_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

export interface SessionCookieOptions {
  /** When the session ends; the cookie ends with it. Milliseconds since the epoch. */
  readonly expiresAtMs: number;
  readonly name?: string;
}

/**
 * The value of a Set-Cookie header that gives a browser a session token: for this host only, over TLS only, out of reach
 * of scripts, and not sent with requests that other sites make, but for following a link. Throws TypeError for a token,
 * name or time that can't stand in a cookie.
 */
export function sessionCookie(token: string, { expiresAtMs, name = SESSION_COOKIE }: SessionCookieOptions): string {
  const problem = cookieNameProblem(name);
  if (problem) throw new TypeError(problem);
  if (!isSessionToken(token)) throw new TypeError('Only a session token belongs into the cookie.');
  const leftSeconds = Math.floor((expiresAtMs - Date.now()) / 1000);
  if (!Number.isFinite(leftSeconds)) throw new TypeError('The cookie needs a time at which it ends.');
  const ageSeconds = Math.min(Math.max(leftSeconds, 0), COOKIE_AGE_SECONDS_MAX);
  return `${name}=${token}; Max-Age=${ageSeconds}; ${ATTRIBUTES}`;
}

/** The value of a Set-Cookie header that takes the session token away from a browser. Throws TypeError for a bad name. */
export function clearSessionCookie({ name = SESSION_COOKIE }: { readonly name?: string } = {}): string {
  const problem = cookieNameProblem(name);
  if (problem) throw new TypeError(problem);
  return `${name}=; Max-Age=0; ${ATTRIBUTES}`;
}

/** Why a text can't name a cookie, undefined when it can. */
export function cookieNameProblem(name: string): string | undefined {
  return COOKIE_NAME.test(name) ? undefined : 'The name of the cookie is none (RFC 6265, section 4.1.1).';
}
