import { createPublicKey, type KeyObject } from 'node:crypto';
import { ALGORITHM, isKeyId } from './token-header.ts';

/** A public key and its id. */
export interface NamedKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** The 32 bytes of a coordinate of P-256 in base64url. */
const COORDINATE = /^[A-Za-z0-9_-]{43}$/;

/**
 * Reads one key of a JSON Web Key Set. Undefined where it is not a public key for ES256 with an id, which a set may hold
 * (RFC 7517, section 5); never throws.
 */
export function publicKeyOf(jwk: unknown): NamedKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kid, kty, crv, x, y, alg = ALGORITHM, use = 'sig', d } = jwk as Readonly<Record<string, unknown>>;
  if (!isKeyId(kid) || kty !== 'EC' || crv !== 'P-256' || alg !== ALGORITHM || use !== 'sig') return undefined;
  // A set that publishes a private key is one that nobody should trust.
  if (d !== undefined || !isCoordinate(x) || !isCoordinate(y)) return undefined;
  try {
    return { kid, key: createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' }) };
  } catch {
    return undefined;
  }
}

function isCoordinate(value: unknown): value is string {
  return typeof value === 'string' && COORDINATE.test(value);
}
