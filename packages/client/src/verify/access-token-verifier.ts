import type { KeyObject } from 'node:crypto';
import { type CryptoKey, compactVerify, errors } from 'jose';
import { type AccessTokenClaims, readClaims } from './access-token-claims.ts';
import { AccessTokenError, invalidToken } from './access-token-error.ts';
import { ALGORITHM, readHeader } from './token-header.ts';
import { splitToken } from './token-parts.ts';

/** A public key of the curve P-256. */
export type PublicKey = KeyObject | CryptoKey;

export interface AccessTokenVerifierOptions {
  /** Whose tokens are accepted: their "iss". */
  readonly issuer: string;
  /** For whom a token has to be: at least one of these is in its "aud". */
  readonly audience: string | readonly string[];
  /** Finds a key by its id. Undefined: there is none. Throwing: nobody can tell. */
  readonly keys: (kid: string) => Promise<PublicKey | undefined> | PublicKey | undefined;
  /** How far the clocks of issuer and verifier may be apart; 5 when absent, 60 at most. */
  readonly clockToleranceSeconds?: number;
  /** The time; that of the machine when absent. */
  readonly now?: () => Date;
}

export interface AccessTokenVerifier {
  /** Resolves to what a good token says; rejects with AccessTokenError, and with nothing else, for any other input. */
  verify(token: string): Promise<AccessTokenClaims>;
}

export const CLOCK_TOLERANCE_MAX_SECONDS = 60;
const CLOCK_TOLERANCE_SECONDS = 5;
const OPTIONS = { algorithms: [ALGORITHM] };

/**
 * Makes a verifier of access tokens (RFC 9068). Everything that can be refused without a key is refused first, so that
 * nonsense costs little and makes nobody fetch keys. Throws RangeError for options that would accept too much.
 */
export function createAccessTokenVerifier(options: AccessTokenVerifierOptions): AccessTokenVerifier {
  const { issuer, keys, clockToleranceSeconds: tolerance = CLOCK_TOLERANCE_SECONDS, now = () => new Date() } = options;
  const audiences = new Set(typeof options.audience === 'string' ? [options.audience] : options.audience);
  if (issuer === '' || audiences.size === 0 || audiences.has('')) {
    throw new RangeError('A verifier of access tokens needs an issuer and an audience.');
  }
  if (!(tolerance >= 0 && tolerance <= CLOCK_TOLERANCE_MAX_SECONDS)) {
    throw new RangeError(`The clock tolerance is between 0 and ${CLOCK_TOLERANCE_MAX_SECONDS} seconds.`);
  }

  const judge = ({ iss, aud, exp, iat, nbf = iat }: AccessTokenClaims) => {
    const nowSeconds = now().getTime() / 1000;
    if (iss !== issuer) throw new AccessTokenError('ACCESS_TOKEN_WRONG_ISSUER');
    if (!aud.some((each) => audiences.has(each))) throw new AccessTokenError('ACCESS_TOKEN_WRONG_AUDIENCE');
    // Written so that a clock which gives no number refuses everything.
    if (!(Math.max(iat, nbf) <= nowSeconds + tolerance)) throw new AccessTokenError('ACCESS_TOKEN_NOT_YET_VALID');
    if (!(nowSeconds < exp + tolerance)) throw new AccessTokenError('ACCESS_TOKEN_EXPIRED');
  };

  return {
    async verify(token) {
      const { header, payload } = splitToken(token);
      const kid = readHeader(header);
      const claims = readClaims(payload);
      judge(claims);
      const key = await findKey(keys, kid);
      if (!key) throw new AccessTokenError('ACCESS_TOKEN_UNKNOWN_KEY');
      await verifySignature(token, key);
      return claims;
    },
  };
}

async function findKey(keys: AccessTokenVerifierOptions['keys'], kid: string): Promise<PublicKey | undefined> {
  try {
    return await keys(kid);
  } catch (error) {
    if (error instanceof AccessTokenError) throw error;
    throw new AccessTokenError('KEYS_UNAVAILABLE', { cause: error });
  }
}

async function verifySignature(token: string, key: PublicKey): Promise<void> {
  try {
    await compactVerify(token, key, OPTIONS);
  } catch (error) {
    if (error instanceof errors.JOSEError) throw invalidToken();
    // The key is at fault and not the token: it is none of the curve P-256.
    throw new AccessTokenError('KEYS_UNAVAILABLE', { cause: error });
  }
}
