import { type Authorization, readAuthorization } from './authorization.ts';
import { cookieValues } from './cookies.ts';

/** A session token, and what it came in. */
export interface Credential {
  readonly token: string;
  /** A browser sends the cookie by itself, whoever made it ask; a bearer token is sent by who holds it. */
  readonly carrier: 'bearer' | 'cookie';
}

/** Why a request says of nobody that it is theirs. */
export interface CredentialProblem {
  readonly reason: 'SESSION_TOKEN_MISSING' | 'SESSION_TOKEN_INVALID' | 'SESSION_TOKEN_AMBIGUOUS';
  /** For people; holds nothing of the request. */
  readonly message: string;
}

const MISSING = 'SESSION_TOKEN_MISSING';
const INVALID = 'SESSION_TOKEN_INVALID';
const AMBIGUOUS = 'SESSION_TOKEN_AMBIGUOUS';

/** What is wrong with an Authorization header, where a bearer token is all that could be in it. */
export const AUTHORIZATION_PROBLEMS: Readonly<Record<Exclude<Authorization['kind'], 'bearer'>, CredentialProblem>> = {
  none: { reason: MISSING, message: 'The request carries no session token.' },
  'other-scheme': { reason: INVALID, message: 'The Authorization header is not of the scheme Bearer.' },
  malformed: { reason: INVALID, message: 'The Authorization header is not well formed.' },
  ambiguous: { reason: AMBIGUOUS, message: 'The request carries several session tokens.' },
};

/**
 * The session token of an HTTP request: the bearer token, else the cookie. Credentials of another scheme are somebody
 * else's and say nothing; an Authorization header that is no good is a problem, cookie or not; so are tokens that differ,
 * because a cookie planted beside the real one must not decide who somebody is.
 */
export function readCredential(
  authorization: string | readonly string[] | undefined,
  cookie: string | undefined,
  cookieName: string,
): Credential | CredentialProblem {
  const said = readAuthorization(authorization);
  if (said.kind === 'malformed' || said.kind === 'ambiguous') return AUTHORIZATION_PROBLEMS[said.kind];
  const bearer = said.kind === 'bearer' ? said.token : undefined;
  const cookies = cookieValues(cookie ?? '', cookieName);
  const token = bearer ?? cookies[0];
  if (token === undefined) return AUTHORIZATION_PROBLEMS.none;
  if (cookies.some((other) => other !== token)) return AUTHORIZATION_PROBLEMS.ambiguous;
  return { token, carrier: bearer === undefined ? 'cookie' : 'bearer' };
}
