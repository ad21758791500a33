import { hash, timingSafeEqual } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import { type Digest, digestOf } from './digest.ts';
import { UUID_BYTES, uuidText } from './uuid-bytes.ts';

/**
 * A session token is `ghs_` and the base64url form (RFC 4648, section 5, without padding) of 42 bytes: the session id
 * (16) and a secret (26). 42 bytes fill their 56 characters to the last bit, so a token has exactly one spelling.
 */
export const TOKEN_PREFIX = 'ghs_';
export const SECRET_BYTES = 26;
/** Where the characters end that hold the session id; the last one also holds the first bits of the secret. */
const ID_END = TOKEN_PREFIX.length + Math.ceil((UUID_BYTES * 4) / 3);
const id = Buffer.alloc(UUID_BYTES);
const TOKEN = /^ghs_[A-Za-z0-9_-]{56}$/;

/** A token that is well formed; whether it is good, only its session can tell. */
export interface SessionToken {
  /** UUID. */
  readonly sessionId: string;
  /** SHA-256 of the token as it was sent. */
  readonly hash: Digest;
}

/** The token of a session, from its id and 26 bytes of randomness. */
export function formatToken(sessionId: string, secret: Buffer): string {
  if (secret.length !== SECRET_BYTES) throw new RangeError(`A secret has ${SECRET_BYTES} bytes.`);
  const id = Buffer.from(sessionId.replaceAll('-', ''), 'hex');
  return TOKEN_PREFIX + Buffer.concat([id, secret]).toString('base64url');
}

/** Reads a token. Throws Failure `unauthenticated` SESSION_TOKEN_INVALID when it is not of this form. */
export function parseToken(text: string): SessionToken {
  if (!TOKEN.test(text)) throw tokenInvalid();
  id.write(text.slice(TOKEN_PREFIX.length, ID_END), 'base64url');
  return { sessionId: uuidText(id, 0), hash: digestOf(text) };
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
