import { Failure } from '@gatehouse/failure';
import { cookieValues } from '@gatehouse/verify';

/** Headers of an HTTP request, with their names in lower case. */
export type Headers = Readonly<Record<string, string>>;

/** An HTTP request, as a proxy tells of it. */
export interface HttpRequest {
  /** In upper case; empty when the proxy does not say. */
  readonly method: string;
  /** Host of the URL that the client asked for, with its port where it has one; empty when the proxy does not say. */
  readonly host: string;
  readonly headers: Headers;
  /** Address of the client; undefined when the proxy does not say. */
  readonly ipAddress: string | undefined;
}

/** A session token, and what it came in. */
export interface Credential {
  readonly token: string;
  /** A browser sends the cookie by itself, whoever made it ask; a bearer token is sent by who holds it. */
  readonly carrier: 'bearer' | 'cookie';
}

const ONE_BEARER = /^bearer ([\w.~+/-]+=*)$/i;

/**
 * The session token of a request: a bearer token (RFC 6750, section 2.1), else the cookie. Throws Failure
 * `unauthenticated`: SESSION_TOKEN_MISSING when there is none, SESSION_TOKEN_AMBIGUOUS when there are several that
 * differ, because a cookie planted beside the real one must not decide who somebody is.
 */
export function credentialOf(headers: Headers, cookieName: string): Credential {
  const bearers = bearerTokens(headers.authorization);
  const cookies = cookieValues(headers.cookie ?? '', cookieName);
  const token = bearers[0] ?? cookies[0];
  if (token === undefined) {
    throw new Failure('unauthenticated', 'SESSION_TOKEN_MISSING', 'The request carries no session token.');
  }
  const differs = (other: string) => other !== token;
  if (bearers.some(differs) || cookies.some(differs)) {
    throw new Failure('unauthenticated', 'SESSION_TOKEN_AMBIGUOUS', 'The request carries several session tokens.');
  }
  return { token, carrier: bearers.length > 0 ? 'bearer' : 'cookie' };
}

/** Whether an Authorization header holds a bearer token, well formed or not. */
export function carriesBearer(header: string | undefined): boolean {
  return header !== undefined && /(?:^|,)\s*bearer(?:[\s,]|$)/i.test(header);
}

function bearerTokens(header: string | undefined): string[] {
  if (header === undefined) return [];
  const one = ONE_BEARER.exec(header);
  if (one?.[1] !== undefined) return [one[1]];
  // Proxies join repeated headers with a comma, which no token of ours holds.
  return header.split(',').flatMap((part) => {
    const [scheme, token, ...rest] = part.trim().split(/\s+/);
    return scheme?.toLowerCase() === 'bearer' && token && rest.length === 0 ? [token] : [];
  });
}
