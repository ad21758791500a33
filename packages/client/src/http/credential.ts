import { type Credential, readCredential } from '@gatehouse/verify';
import { GatehouseError } from '../gatehouse-error.ts';

/** Headers of an HTTP request as Node gives them: with their names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The part of an HTTP request that a guard reads, as Node, Express and Fastify have it. */
export interface HttpRequest {
  readonly method?: string | undefined;
  readonly headers: Headers;
  /** Names and values in turn, as they were sent: of several Authorization headers Node keeps the first in `headers`. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** The request of Node under that of Fastify. */
  readonly raw?: { readonly rawHeaders?: readonly string[] | undefined } | undefined;
}

const AUTHORIZATION = 'authorization';

/**
 * The session token of a request: a bearer token (RFC 6750, section 2.1), else the cookie. Throws UNAUTHENTICATED: with
 * SESSION_TOKEN_MISSING when there is none, with SESSION_TOKEN_INVALID when the Authorization header is no good, cookie or
 * not, and with SESSION_TOKEN_AMBIGUOUS when there are several that differ, because a cookie planted beside the real one
 * must not decide who somebody is.
 */
export function credentialOf(request: HttpRequest, cookieName: string): Credential {
  const found = readCredential(authorizationOf(request), textOf(request.headers.cookie, '; '), cookieName);
  if ('reason' in found) throw new GatehouseError('UNAUTHENTICATED', found.reason, found.message);
  return found;
}

/** One text of a header, however often it was sent. */
export function textOf(header: string | readonly string[] | undefined, separator: string): string {
  if (header === undefined) return '';
  return typeof header === 'string' ? header : header.join(separator);
}

/** Every value of the header. What an application has put there itself, it has put in the place of the one that was sent. */
function authorizationOf({ headers, rawHeaders, raw }: HttpRequest): string | readonly string[] | undefined {
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  const sent = valuesOf(rawHeaders ?? raw?.rawHeaders ?? []);
  return sent.length > 1 ? sent : authorization;
}

function valuesOf(rawHeaders: readonly string[]): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) {
      values.push(rawHeaders[at + 1] as string);
    }
  }
  return values;
}
