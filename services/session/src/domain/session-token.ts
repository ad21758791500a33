import { hash, timingSafeEqual } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import { type Digest, digestOf } from './digest.ts';
import { hmacSha256 } from './hmac.ts';
import type { KeyRing } from './key-ring.ts';
import { UUID_BYTES, uuidBytes, uuidText } from './uuid-bytes.ts';

/**
 * A session token is `ghs_` and the base64url form (RFC 4648, section 5, without padding) of 51 bytes:
 *
 *     session (16)
 *     secret (26)
 *     key id (1)   which key of the ring vouches for it
 *     MAC (8)      of everything before it
 *
 * By the MAC a token that somebody made up is refused before any store is asked, and whoever holds one with the right MAC
 * was given it. A plain token, the form of before, is the first 42 bytes alone. 51 and 42 bytes fill their 68 and 56
 * characters to the last bit, so a token has exactly one spelling.
 */
export const TOKEN_PREFIX = 'ghs_';
export const SECRET_BYTES = 26;
const PLAIN_BYTES = UUID_BYTES + SECRET_BYTES;
const MAC_AT = PLAIN_BYTES + 1;
const MAC_BYTES = 8;
const MAC_PURPOSE = 'gatehouse session token mac v1';
/** Where the characters end that hold the session id; the last one also holds the first bits of the secret. */
const ID_END = TOKEN_PREFIX.length + Math.ceil((UUID_BYTES * 4) / 3);
const KEYED_LENGTH = TOKEN_PREFIX.length + 68;
const TOKEN = /^ghs_[A-Za-z0-9_-]{56}(?:[A-Za-z0-9_-]{12})?$/;
const id = Buffer.alloc(UUID_BYTES);
const bytes = Buffer.alloc(MAC_AT + MAC_BYTES);

/** A token that is well formed; whether it is good, only its session can tell. */
export interface SessionToken {
  /** UUID. */
  readonly sessionId: string;
  /** SHA-256 of the token as it was sent. */
  readonly hash: Digest;
  /** As it was sent. */
  readonly text: string;
}

/** The token of a session, from its id, 26 bytes of randomness and the first key of the ring; without a ring, a plain one. */
export function formatToken(sessionId: string, secret: Buffer, ring?: KeyRing): string {
  if (secret.length !== SECRET_BYTES) throw new RangeError(`A secret has ${SECRET_BYTES} bytes.`);
  const plain = Buffer.concat([uuidBytes(sessionId), secret]);
  if (!ring) return TOKEN_PREFIX + plain.toString('base64url');
  const key = ring.derive(ring.currentId, MAC_PURPOSE);
  if (!key) throw new RangeError(`The key ring has no key ${ring.currentId}.`);
  const vouched = Buffer.concat([plain, Buffer.of(ring.currentId)]);
  return TOKEN_PREFIX + Buffer.concat([vouched, macOf(key, vouched)]).toString('base64url');
}

/** Reads a token. Throws Failure `unauthenticated` SESSION_TOKEN_INVALID when it is not of this form. */
export function parseToken(text: string): SessionToken {
  if (!TOKEN.test(text)) throw tokenInvalid();
  id.write(text.slice(TOKEN_PREFIX.length, ID_END), 'base64url');
  return { sessionId: uuidText(id, 0), hash: digestOf(text), text };
}

/** Whether a token carries a MAC. */
export function isKeyed({ text }: Pick<SessionToken, 'text'>): boolean {
  return text.length === KEYED_LENGTH;
}

/** Whether the MAC of a keyed token says that this service has issued it. What its session has become is another matter. */
export function isIssued(ring: KeyRing, { text }: Pick<SessionToken, 'text'>): boolean {
  bytes.write(text.slice(TOKEN_PREFIX.length), 'base64url');
  const key = ring.derive(bytes[PLAIN_BYTES] ?? 0, MAC_PURPOSE);
  return key !== undefined && timingSafeEqual(macOf(key, bytes.subarray(0, MAC_AT)), bytes.subarray(MAC_AT));
}

/** What is stored of a token: it cannot be turned back, and a token has enough entropy to need no salt. */
export function hashToken(token: string): Buffer {
  // By way of text it lands in memory that Node shares out; a buffer of its own for each call keeps the collector busy.
  return Buffer.from(hash('sha256', token, 'binary'), 'latin1');
}

/** Compares two hashes in a time that does not depend on where they differ. */
export function sameHash(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The one answer for every token that is not ours: malformed, unknown or tampered with. */
export function tokenInvalid(): Failure {
  return new Failure('unauthenticated', 'SESSION_TOKEN_INVALID', 'The session token is not valid.');
}

function macOf(key: Buffer, vouched: Uint8Array): Buffer {
  return hmacSha256(key, vouched).subarray(0, MAC_BYTES);
}
