import { credentialOf, type HttpRequest } from './credential.ts';
import { SESSION_COOKIE } from './session-cookie.ts';

/**
 * The session token of an HTTP request, from its bearer token or its cookie: what a route behind a guard needs to end the
 * user's own session, or to act for the user. Undefined when there is none, none that is well formed, or several that differ.
 */
export function sessionTokenOf(
  request: HttpRequest,
  { cookieName = SESSION_COOKIE }: { readonly cookieName?: string } = {},
): string | undefined {
  try {
    return credentialOf(request, cookieName).token;
  } catch {
    return undefined;
  }
}
