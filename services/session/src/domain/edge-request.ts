import { Failure } from '@gatehouse/failure';
import { type Credential, readAuthorization, readCredential } from '@gatehouse/verify';

/** Headers of an HTTP request, with their names in lower case. */
export type Headers = Readonly<Record<string, string>>;

/** An HTTP request, as a proxy tells of it. */
export interface HttpRequest {
  /** In upper case; empty when the proxy does not say. */
  readonly method: string;
  /** Host of the URL that the client asked for, with its port where it has one; empty when the proxy does not say. */
  readonly host: string;
  readonly headers: Headers;
  /** Address of the client, in its canonical form; undefined when the proxy does not say. */
  readonly ipAddress: string | undefined;
}

/**
 * The session token of a request. Throws Failure `unauthenticated`: SESSION_TOKEN_MISSING when there is none,
 * SESSION_TOKEN_INVALID for an Authorization header that is no good, SESSION_TOKEN_AMBIGUOUS for tokens that differ.
 */
export function credentialOf({ authorization, cookie }: Headers, cookieName: string): Credential {
  const found = readCredential(authorization, cookie, cookieName);
  if ('reason' in found) throw new Failure('unauthenticated', found.reason, found.message);
  return found;
}

/** Whether an Authorization header could hold a bearer token, well formed or not. */
export function carriesBearer(header: string | undefined): boolean {
  return header !== undefined && readAuthorization(header).kind !== 'other-scheme';
}
