import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** The one algorithm that access tokens are signed with. */
export const ALGORITHM = 'ES256';

/** A key that signs access tokens, as it is stored. */
export interface SigningKey {
  /** The JWK thumbprint (RFC 7638). */
  readonly kid: string;
  readonly algorithm: string;
  readonly publicJwk: PublicJwk;
  /** The private half (PKCS #8), sealed under a key of the ring with the kid as context; empty once it is destroyed. */
  readonly sealed: Buffer;
  /** When it was made and published. */
  readonly createdAt: Date;
  /** From when on it signs. */
  readonly activatesAt: Date;
  /** When its successor takes over; undefined while there is none. */
  readonly retiresAt: Date | undefined;
  /** When it leaves the key set; undefined while it has no successor. */
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly revokedReason: string | undefined;
}

/** A point of P-256 (RFC 7518, section 6.2.1). */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

/** Where a key is in its life. */
export type SigningKeyState = 'published' | 'active' | 'retired' | 'revoked';

export const SIGNING_KEY_STATES: readonly SigningKeyState[] = ['published', 'active', 'retired', 'revoked'];

/** Where a key is in its life at a time. Nothing has to be written for it to move on. */
export function stateOf(key: SigningKey, atMs: number): SigningKeyState {
  if (key.revokedAt) return 'revoked';
  if (atMs < key.activatesAt.getTime()) return 'published';
  return key.retiresAt && atMs >= key.retiresAt.getTime() ? 'retired' : 'active';
}

/** The key that signs at a time: of those that are active the one that became so last. */
export function activeKey<Key extends SigningKey>(keys: readonly Key[], atMs: number): Key | undefined {
  return keys
    .filter((key) => stateOf(key, atMs) === 'active')
    .sort(byActivation)
    .at(-1);
}

/** The key that waits to sign; of several, the one that is next. */
export function waitingKey<Key extends SigningKey>(keys: readonly Key[], atMs: number): Key | undefined {
  return keys
    .filter((key) => stateOf(key, atMs) === 'published')
    .sort(byActivation)
    .at(0);
}

/**
 * The key to sign with at a time. Where none is active yet, the one that waits: it was activated elsewhere, by a clock that
 * is ahead of this one.
 */
export function signingKeyAt<Key extends SigningKey>(keys: readonly Key[], atMs: number): Key | undefined {
  return activeKey(keys, atMs) ?? waitingKey(keys, atMs);
}

/** Whether verifiers are given the key at a time. */
export function isInKeySet({ revokedAt, expiresAt }: SigningKey, atMs: number): boolean {
  return !revokedAt && (!expiresAt || atMs < expiresAt.getTime());
}

/** Compares keys, so that the newest comes first, and of those that are made at once the one that signs last. */
export function newestFirst(a: SigningKey, b: SigningKey): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || byActivation(b, a);
}

function byActivation(a: SigningKey, b: SigningKey): number {
  return a.activatesAt.getTime() - b.activatesAt.getTime() || (a.kid < b.kid ? -1 : 1);
}

/** A new pair of keys. */
export interface NewKeyPair {
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  readonly privateKey: KeyObject;
}

/** Makes a pair of keys of the curve P-256. */
export function newKeyPair(): NewKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const publicJwk = { kty: 'EC', crv: 'P-256', x, y } as const;
  return { kid: thumbprint(publicJwk), publicJwk, privateKey };
}

/** The JWK thumbprint with SHA-256 (RFC 7638, section 3): over the required members in the order of their names. */
export function thumbprint({ crv, kty, x, y }: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
