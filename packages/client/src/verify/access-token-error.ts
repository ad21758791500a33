/**
 * Why a token was not accepted. ACCESS_TOKEN_INVALID: not a token of this kind, or changed, or signed by somebody else.
 * KEYS_UNAVAILABLE: nobody can tell, because the keys could not be had; the token may be good.
 */
export type AccessTokenReason =
  | 'ACCESS_TOKEN_INVALID'
  | 'ACCESS_TOKEN_EXPIRED'
  | 'ACCESS_TOKEN_NOT_YET_VALID'
  | 'ACCESS_TOKEN_WRONG_AUDIENCE'
  | 'ACCESS_TOKEN_WRONG_ISSUER'
  | 'ACCESS_TOKEN_UNKNOWN_KEY'
  | 'KEYS_UNAVAILABLE';

const MESSAGES: Readonly<Record<AccessTokenReason, string>> = {
  ACCESS_TOKEN_INVALID: 'The access token is not valid.',
  ACCESS_TOKEN_EXPIRED: 'The access token has expired.',
  ACCESS_TOKEN_NOT_YET_VALID: 'The access token is not valid yet.',
  ACCESS_TOKEN_WRONG_AUDIENCE: 'The access token is for somebody else.',
  ACCESS_TOKEN_WRONG_ISSUER: 'The access token was issued by somebody else.',
  ACCESS_TOKEN_UNKNOWN_KEY: 'The access token is signed with a key that is not known.',
  KEYS_UNAVAILABLE: 'The keys that access tokens are verified with could not be had.',
};

/**
 * An access token was not accepted. `reason` is stable; the message is for people, and neither holds anything of the
 * token. The cheap checks come before the signature, so a reason other than the last two says nothing about who made it.
 */
export class AccessTokenError extends Error {
  override readonly name = 'AccessTokenError';
  readonly reason: AccessTokenReason;

  constructor(reason: AccessTokenReason, options?: ErrorOptions) {
    super(MESSAGES[reason], options);
    this.reason = reason;
  }
}

/** The answer to every token that does not have the form of ours. */
export function invalidToken(): AccessTokenError {
  return new AccessTokenError('ACCESS_TOKEN_INVALID');
}
