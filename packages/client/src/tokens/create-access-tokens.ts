import { boundedMap } from '../memory/bounded-map.ts';
import { hashToken } from '../sessions/session-token.ts';
import { type AccessTokenClaims, createAccessTokenVerifier } from '../verify/index.ts';
import { createKeyCache } from './key-cache.ts';
import { type KeySourceOptions, openKeySource } from './key-source.ts';

export type AccessTokensOptions = KeySourceOptions & {
  /** Whose tokens are accepted: their "iss". */
  readonly issuer: string;
  /** For whom a token has to be: one of these is in its "aud". */
  readonly audience: string | readonly string[];
  /** How far the clocks of issuer and verifier may be apart; 5 when absent, 60 at most. */
  readonly clockToleranceSeconds?: number;
  /**
   * How long the last keys are used while their source does not answer; an hour when absent, from a minute to a day.
   * Milliseconds.
   */
  readonly keepKeysMs?: number;
  /** Most tokens that are remembered as verified, about 1 KiB each; 10,000 when absent, 0: none. */
  readonly maxEntries?: number;
  /** Told when keys could not be fetched. It must not throw. */
  readonly onWarning?: (error: Error) => void;
};

/** Verifies access tokens, without asking anybody but for keys. */
export interface AccessTokens {
  /**
   * What a good token says. Rejects with AccessTokenError, and with nothing else; its reason KEYS_UNAVAILABLE says that
   * nobody could tell. A session that was revoked is accepted until its access token ends: where that is too long,
   * validate the session.
   */
  verify(token: string): Promise<AccessTokenClaims>;
}

const KEEP_KEYS_MS = 60 * 60 * 1000;
const KEEP_KEYS_MS_MIN = 60 * 1000;
const KEEP_KEYS_MS_MAX = 24 * 60 * 60 * 1000;
const MAX_ENTRIES = 10_000;

interface Verified {
  readonly claims: AccessTokenClaims;
  readonly promise: Promise<AccessTokenClaims>;
}

/** Throws TypeError or RangeError for options that would accept too much. Holds no timer and no connection of its own. */
export function createAccessTokens(options: AccessTokensOptions): AccessTokens {
  const { issuer, audience, clockToleranceSeconds, onWarning = () => {} } = options;
  const { keepKeysMs = KEEP_KEYS_MS, maxEntries = MAX_ENTRIES } = options;
  if (!(keepKeysMs >= KEEP_KEYS_MS_MIN && keepKeysMs <= KEEP_KEYS_MS_MAX)) {
    throw new RangeError(`keepKeysMs is between ${KEEP_KEYS_MS_MIN} and ${KEEP_KEYS_MS_MAX}.`);
  }
  const verified = boundedMap<Verified>(maxEntries);
  let withdrawals = 0;
  const keys = createKeyCache({
    source: openKeySource(options),
    keepMs: keepKeysMs,
    nowMs: () => performance.now(),
    random: Math.random,
    withdrawn: () => {
      withdrawals += 1;
      verified.clear();
    },
    onWarning,
  });
  const verifier = createAccessTokenVerifier({
    issuer,
    audience,
    keys: keys.find,
    ...(clockToleranceSeconds === undefined ? {} : { clockToleranceSeconds }),
  });

  const recall = (tokenHash: string): Verified | undefined => {
    const found = verified.get(tokenHash);
    if (!found || !keys.isUsable) return undefined;
    if (Date.now() < found.claims.exp * 1000) return found;
    verified.delete(tokenHash);
    return undefined;
  };

  return {
    async verify(token) {
      // Only what was verified is remembered, so a text that is no token is never found.
      const tokenHash = typeof token === 'string' ? hashToken(token) : '';
      const known = recall(tokenHash);
      if (known) {
        keys.refreshIfDue();
        return known.promise;
      }
      const withdrawalsBefore = withdrawals;
      const claims = deepFreeze(await verifier.verify(token));
      // The key may have been withdrawn while the signature was verified.
      if (withdrawalsBefore === withdrawals) verified.set(tokenHash, { claims, promise: Promise.resolve(claims) });
      return claims;
    },
  };
}

function deepFreeze(claims: AccessTokenClaims): AccessTokenClaims {
  for (const value of Object.values(claims)) Object.freeze(value);
  return Object.freeze(claims);
}
