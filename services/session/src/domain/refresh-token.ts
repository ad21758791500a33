import { timingSafeEqual } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import { hmacSha256 } from './hmac.ts';
import type { KeyRing } from './key-ring.ts';
import { hashToken } from './session-token.ts';
import { UUID_BYTES, uuidBytes, uuidText } from './uuid-bytes.ts';

/**
 * A refresh token is `ghr_` and the base64url form (RFC 4648, section 5, without padding) of 69 bytes:
 *
 *     key id (1)   which key of the ring made it
 *     session (16)
 *     generation (4, big-endian)   0 for the first token of a family, one more for each successor
 *     secret (32)
 *     MAC (16)   of everything before it
 *
 * 69 bytes fill their 92 characters to the last bit, so a token has exactly one spelling. By the MAC every token that was
 * ever issued is recognised without being stored, and one that somebody made up is refused before any store is asked.
 */
export const REFRESH_TOKEN_PREFIX = 'ghr_';
export const REFRESH_SECRET_BYTES = 32;
const BODY = /^[A-Za-z0-9_-]{92}$/;
const MAC_BYTES = 16;
const SESSION_AT = 1;
const GENERATION_AT = SESSION_AT + UUID_BYTES;
const SECRET_AT = GENERATION_AT + 4;
const MAC_AT = SECRET_AT + REFRESH_SECRET_BYTES;
const MAC_PURPOSE = 'gatehouse refresh token mac v1';
const SUCCESSOR_PURPOSE = 'gatehouse refresh token successor v1';
/** What the stores can count to; a family that rotates each second gets there in 68 years. */
const GENERATION_MAX = 2 ** 31 - 1;

/** A token that this service has issued. Whether it is still good, only its family can tell. */
export interface RefreshToken {
  /** As it is sent. */
  readonly text: string;
  /** SHA-256 of the text: all that is stored. */
  readonly hash: Buffer;
  readonly keyId: number;
  /** UUID. */
  readonly sessionId: string;
  readonly generation: number;
}

export interface RefreshTokenParts {
  /** A key that the ring has. */
  readonly keyId: number;
  readonly sessionId: string;
  readonly generation: number;
  /** 32 bytes that nobody can guess. */
  readonly secret: Buffer;
}

/** Makes a token. Throws RangeError for a secret of another length, a generation out of range, or a key the ring lacks. */
export function makeRefreshToken(
  ring: KeyRing,
  { keyId, sessionId, generation, secret }: RefreshTokenParts,
): RefreshToken {
  if (secret.length !== REFRESH_SECRET_BYTES) throw new RangeError(`A secret has ${REFRESH_SECRET_BYTES} bytes.`);
  if (generation > GENERATION_MAX) throw new RangeError('A family of refresh tokens has come to its last generation.');
  const bytes = Buffer.alloc(MAC_AT + MAC_BYTES);
  bytes.writeUInt8(keyId, 0);
  uuidBytes(sessionId).copy(bytes, SESSION_AT);
  bytes.writeUInt32BE(generation, GENERATION_AT);
  secret.copy(bytes, SECRET_AT);
  macOf(keyOf(ring, keyId, MAC_PURPOSE), bytes).copy(bytes, MAC_AT);
  const text = REFRESH_TOKEN_PREFIX + bytes.toString('base64url');
  return { text, hash: hashToken(text), keyId, sessionId, generation };
}

/** Reads a token. Throws Failure `unauthenticated` REFRESH_TOKEN_INVALID when this service never issued it. */
export function parseRefreshToken(ring: KeyRing, text: string): RefreshToken {
  const body = text.slice(REFRESH_TOKEN_PREFIX.length);
  if (!text.startsWith(REFRESH_TOKEN_PREFIX) || !BODY.test(body)) throw refreshTokenInvalid();
  const bytes = Buffer.from(body, 'base64url');
  const keyId = bytes.readUInt8(0);
  const key = ring.derive(keyId, MAC_PURPOSE);
  if (!key || !timingSafeEqual(macOf(key, bytes), bytes.subarray(MAC_AT))) throw refreshTokenInvalid();
  const generation = bytes.readUInt32BE(GENERATION_AT);
  return { text, hash: hashToken(text), keyId, sessionId: uuidText(bytes, SESSION_AT), generation };
}

/**
 * The token that follows, made by the ring key with the id `keyId`. Its secret is derived from the whole predecessor under
 * the key that made the predecessor, so it depends on nothing but the two: whoever presents a token again is given the
 * same successor again, and no store needs to hold it.
 */
export function successorOf(ring: KeyRing, token: RefreshToken, keyId: number): RefreshToken {
  const key = keyOf(ring, token.keyId, SUCCESSOR_PURPOSE);
  const secret = hmacSha256(key, Buffer.from(token.text));
  return makeRefreshToken(ring, { keyId, sessionId: token.sessionId, generation: token.generation + 1, secret });
}

/** The one answer for every token that is not ours: malformed, unknown or tampered with. */
export function refreshTokenInvalid(): Failure {
  return new Failure('unauthenticated', 'REFRESH_TOKEN_INVALID', 'The refresh token is not valid.');
}

/** Its family was good until it ended by itself. */
export function refreshTokenExpired(): Failure {
  return new Failure('unauthenticated', 'REFRESH_TOKEN_EXPIRED', 'The refresh token has expired.');
}

/** It was used before, and too long ago to be a retry. */
export function refreshTokenReused(): Failure {
  return new Failure(
    'unauthenticated',
    'REFRESH_TOKEN_REUSED',
    'The refresh token was used before, so it is in two hands; the session was revoked.',
  );
}

function macOf(key: Buffer, bytes: Buffer): Buffer {
  return hmacSha256(key, bytes.subarray(0, MAC_AT)).subarray(0, MAC_BYTES);
}

function keyOf(ring: KeyRing, id: number, purpose: string): Buffer {
  const key = ring.derive(id, purpose);
  if (!key) throw new RangeError(`The key ring has no key ${id}.`);
  return key;
}
