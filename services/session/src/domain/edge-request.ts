import { Failure } from '@gatehouse/failure';

/** Headers of an HTTP request, with their names in lower case. */
export type Headers = Readonly<Record<string, string>>;

/** Headers that tell the upstream who is calling. Only the edge may set them. */
export const SUBJECT_HEADER = 'x-auth-subject';
export const SESSION_HEADER = 'x-auth-session';
export const METHODS_HEADER = 'x-auth-methods';
const SET_BY_EDGE = new Set([SUBJECT_HEADER, SESSION_HEADER, METHODS_HEADER]);
const IDENTITY_PREFIX = 'x-auth-';

/**
 * The session token of a request: a bearer token (RFC 6750, section 2.1), else the cookie. Throws Failure
 * `unauthenticated`: SESSION_TOKEN_MISSING when there is none, SESSION_TOKEN_AMBIGUOUS when there are several that
 * differ, because a cookie planted beside the real one must not decide who somebody is.
 */
export function sessionTokenOf(headers: Headers, cookieName: string): string {
  const tokens = new Set([...bearerTokens(headers.authorization), ...cookiesNamed(headers.cookie, cookieName)]);
  const [token] = tokens;
  if (token === undefined) {
    throw new Failure('unauthenticated', 'SESSION_TOKEN_MISSING', 'The request carries no session token.');
  }
  if (tokens.size > 1) {
    throw new Failure('unauthenticated', 'SESSION_TOKEN_AMBIGUOUS', 'The request carries several session tokens.');
  }
  return token;
}

/** What the edge does to the headers of a request that passes, besides telling the upstream who is calling. */
export interface HeaderChanges {
  readonly remove: readonly string[];
  /** The Cookie header that takes the place of the one that came in; undefined when that stays or is removed. */
  readonly cookie: string | undefined;
}

/** The changes that keep credentials and forged identities from the upstream. */
export function headerChanges(headers: Headers, cookieName: string): HeaderChanges {
  const remove = headersToRemove(headers);
  const cookie = cookieHeaderWithout(headers.cookie, cookieName);
  return cookie === '' ? { remove: [...remove, 'cookie'], cookie: undefined } : { remove, cookie };
}

/** Whether two requests need exactly the same changes. */
export function sameChanges(a: HeaderChanges, b: HeaderChanges): boolean {
  return (
    a.cookie === b.cookie &&
    a.remove.length === b.remove.length &&
    a.remove.every((name, index) => name === b.remove[index])
  );
}

/**
 * Inbound headers that must not reach the upstream: what carries the credential, and every copy of an identity header,
 * in whichever of the spellings that servers take for the same name. Those that the edge sets itself are left out: it
 * overwrites them, and Envoy removes after it has set.
 */
export function headersToRemove(headers: Headers): string[] {
  return Object.keys(headers).filter((name) => {
    if (name === 'authorization') return bearerTokens(headers[name]).length > 0;
    return name.replaceAll('_', '-').startsWith(IDENTITY_PREFIX) && !SET_BY_EDGE.has(name);
  });
}

/** The Cookie header without the session's cookie: undefined when it did not hold it, empty when it held nothing else. */
export function cookieHeaderWithout(header: string | undefined, cookieName: string): string | undefined {
  if (cookiesNamed(header, cookieName).length === 0) return undefined;
  return cookiePairs(header)
    .filter(({ name }) => name !== cookieName)
    .map(({ text }) => text)
    .join('; ');
}

function bearerTokens(header: string | undefined): string[] {
  // Envoy joins repeated headers with a comma, which no token of ours holds.
  return (header ?? '').split(',').flatMap((part) => {
    const [scheme, token, ...rest] = part.trim().split(/\s+/);
    return scheme?.toLowerCase() === 'bearer' && token && rest.length === 0 ? [token] : [];
  });
}

function cookiesNamed(header: string | undefined, cookieName: string): string[] {
  if (!header?.includes(cookieName)) return [];
  return cookiePairs(header).flatMap(({ name, value }) => (name === cookieName ? [value] : []));
}

/** Pairs of a Cookie header (RFC 6265, section 5.4); Envoy joins repeated headers with a comma or a semicolon. */
function cookiePairs(header: string | undefined): { name: string; value: string; text: string }[] {
  return (header ?? '').split(/[;,]/).flatMap((part) => {
    const text = part.trim();
    const equals = text.indexOf('=');
    if (equals < 1) return text === '' ? [] : [{ name: '', value: text, text }];
    const value = text.slice(equals + 1).replace(/^"(.*)"$/, '$1');
    return [{ name: text.slice(0, equals).trim(), value, text }];
  });
}
