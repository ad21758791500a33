import { ALGORITHM, isInKeySet, newestFirst, type SigningKey } from './signing-key.ts';

/** A public key (RFC 7517, section 4). */
export interface JsonWebKey {
  readonly kid: string;
  readonly kty: string;
  readonly alg: string;
  readonly use: string;
  readonly crv: string;
  readonly x: string;
  readonly y: string;
}

/** The public keys that verifiers are given. */
export interface JsonWebKeySet {
  readonly keys: readonly JsonWebKey[];
  /** RFC 7517, section 5: the same bytes for the same keys, by whichever instance. */
  readonly json: string;
}

/** The key set at a time: the keys that sign, will sign, or have signed tokens that can still be good. Newest first. */
export function jsonWebKeySet(signingKeys: readonly SigningKey[], atMs: number): JsonWebKeySet {
  const keys = signingKeys
    .filter((key) => isInKeySet(key, atMs))
    .sort(newestFirst)
    .map(({ kid, publicJwk: { kty, crv, x, y } }) => ({ kid, kty, alg: ALGORITHM, use: 'sig', crv, x, y }));
  return { keys, json: JSON.stringify({ keys }) };
}
