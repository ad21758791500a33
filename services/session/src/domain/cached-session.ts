import { sessionExpired } from './session.ts';
import { type SessionToken, sameHash, tokenInvalid } from './session-token.ts';

/** What the caches hold of a session: enough to judge a token, and the answer, ready to be sent. */
export interface CachedSession {
  /** SHA-256 of the session's token. */
  readonly tokenHash: Buffer;
  /** Unix milliseconds. */
  readonly expiresAtMs: number;
  /** gatehouse.session.v1.ValidateSessionResponse as bytes. */
  readonly reply: Buffer;
}

const HASH_BYTES = 32;
const HEADER_BYTES = HASH_BYTES + 8;

/** Throws the Failure that says why the token does not prove the session at this time. */
export function judge(session: CachedSession, token: SessionToken, nowMs: number): void {
  // The hash comes first: only who holds the token may learn that its session has expired.
  if (!sameHash(session.tokenHash, token.hash)) throw tokenInvalid();
  if (nowMs >= session.expiresAtMs) throw sessionExpired();
}

/** Hash (32 bytes), end in Unix milliseconds (8, big-endian), reply. */
export function encodeCachedSession({ tokenHash, expiresAtMs, reply }: CachedSession): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  tokenHash.copy(header);
  header.writeBigUInt64BE(BigInt(expiresAtMs), HASH_BYTES);
  return Buffer.concat([header, reply]);
}

/** Throws when the bytes are too short to be a cached session. */
export function decodeCachedSession(bytes: Buffer): CachedSession {
  if (bytes.length < HEADER_BYTES) throw new RangeError('A cached session is cut short.');
  return {
    tokenHash: bytes.subarray(0, HASH_BYTES),
    expiresAtMs: Number(bytes.readBigUInt64BE(HASH_BYTES)),
    reply: bytes.subarray(HEADER_BYTES),
  };
}
