import { cookieValues } from '@gatehouse/verify';
import { GatehouseError } from '../gatehouse-error.ts';

/** Headers of an HTTP request as Node gives them: with their names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A session token, and what it came in. */
export interface Credential {
  readonly token: string;
  /** A browser sends the cookie by itself, whoever made it ask; a bearer token is sent by who holds it. */
  readonly carrier: 'bearer' | 'cookie';
}

const ONE_BEARER = /^bearer +([\w.~+/-]+=*)$/i;

/**
 * The session token of a request: a bearer token (RFC 6750, section 2.1), else the cookie. Throws UNAUTHENTICATED with
 * SESSION_TOKEN_MISSING when there is none, and with SESSION_TOKEN_AMBIGUOUS when there are several that differ, because
 * a cookie planted beside the real one must not decide who somebody is.
 */
export function credentialOf(headers: Headers, cookieName: string): Credential {
  const bearers = bearerTokens(textOf(headers.authorization, ','));
  const cookies = cookieValues(textOf(headers.cookie, '; '), cookieName);
  const token = bearers[0] ?? cookies[0];
  if (token === undefined) {
    throw new GatehouseError('UNAUTHENTICATED', 'SESSION_TOKEN_MISSING', 'The request carries no session token.');
  }
  const differs = (other: string) => other !== token;
  if (bearers.some(differs) || cookies.some(differs)) {
    throw new GatehouseError(
      'UNAUTHENTICATED',
      'SESSION_TOKEN_AMBIGUOUS',
      'The request carries several session tokens.',
    );
  }
  return { token, carrier: bearers.length > 0 ? 'bearer' : 'cookie' };
}

/** The tokens of an Authorization header; proxies join repeated headers with a comma, which no token of ours holds. */
export function bearerTokens(header: string): string[] {
  if (header === '') return [];
  const one = ONE_BEARER.exec(header)?.[1];
  if (one !== undefined) return [one];
  return header.split(',').flatMap((part) => {
    const [scheme, token, ...rest] = part.trim().split(/\s+/);
    return scheme?.toLowerCase() === 'bearer' && token && rest.length === 0 ? [token] : [];
  });
}

/** One text of a header, however often it was sent. */
export function textOf(header: string | readonly string[] | undefined, separator: string): string {
  if (header === undefined) return '';
  return typeof header === 'string' ? header : header.join(separator);
}
