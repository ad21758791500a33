import { DIGEST_BYTES, type Digest, readDigest, sameDigest, writeDigest } from './digest.ts';
import { sessionExpired } from './session.ts';
import { type SessionToken, tokenInvalid } from './session-token.ts';
import { uuidBytes, uuidText } from './uuid-bytes.ts';

/** What Redis holds of a session: all that a validation answers. Where it came from is left to Postgres. */
export interface SessionRecord {
  /** SHA-256 of the session's token. */
  readonly tokenHash: Digest;
  readonly sessionId: string;
  readonly userId: string;
  /** Unix milliseconds, like every time here. */
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly lastActivityMs: number;
  /** 0: none. */
  readonly idleTimeoutMs: number;
  readonly authenticationLevel: number;
  readonly authenticationMethods: readonly string[];
  /** The newest consistency token that authz has given for the user; empty: none. At most 255 ASCII characters. */
  readonly authzToken: string;
}

/** What the memory of an instance holds of a session: the record, and the answer to a validation once there was one. */
export interface CachedSession extends Omit<SessionRecord, 'lastActivityMs'> {
  /** The answer, encoded by whoever sends it first and ready to be sent from then on; undefined until then. */
  reply: Buffer | undefined;
  /** The newest use that this instance knows of. It is the one thing about a session that changes without a version. */
  lastActivityMs: number;
  /** When Postgres last said that the session was not used for too long; 0: never. */
  foundIdleAtMs: number;
}

/** Whether the token is the one of the session. */
export function proves(token: SessionToken, session: Pick<SessionRecord, 'tokenHash'>): boolean {
  return sameDigest(session.tokenHash, token.hash);
}

/** Throws the Failure that says why the token does not prove the session at this time, its use left aside. */
export function judge(session: CachedSession, token: SessionToken, nowMs: number): void {
  // The hash comes first: only who holds the token may learn that its session has expired.
  if (!proves(token, session)) throw tokenInvalid();
  if (nowMs >= session.expiresAtMs) throw sessionExpired();
}

const UUID_BYTES = 16;
const TIME_BYTES = 6;
const USER_AT = DIGEST_BYTES;
const CREATED_AT = USER_AT + UUID_BYTES;
const EXPIRES_AT = CREATED_AT + TIME_BYTES;
const ACTIVITY_AT = EXPIRES_AT + TIME_BYTES;
const IDLE_AT = ACTIVITY_AT + TIME_BYTES;
const LEVEL_AT = IDLE_AT + 4;
const TOKEN_LENGTH_AT = LEVEL_AT + 1;
const TOKEN_AT = TOKEN_LENGTH_AT + 1;

/**
 * Hash (32 bytes), user (16), created, expires and last activity (6 each, Unix milliseconds), idle timeout (4, seconds),
 * level (1), length of the token of authz (1), all big-endian, that token, and the authentication methods with spaces
 * between. The session id is in the key.
 */
export function encodeSessionRecord(session: SessionRecord): Buffer {
  const methods = session.authenticationMethods.join(' ');
  const methodsAt = TOKEN_AT + session.authzToken.length;
  const bytes = Buffer.allocUnsafe(methodsAt + Buffer.byteLength(methods));
  writeDigest(session.tokenHash, bytes);
  uuidBytes(session.userId).copy(bytes, USER_AT);
  bytes.writeUIntBE(session.createdAtMs, CREATED_AT, TIME_BYTES);
  bytes.writeUIntBE(session.expiresAtMs, EXPIRES_AT, TIME_BYTES);
  bytes.writeUIntBE(session.lastActivityMs, ACTIVITY_AT, TIME_BYTES);
  bytes.writeUInt32BE(session.idleTimeoutMs / 1000, IDLE_AT);
  bytes.writeUInt8(session.authenticationLevel, LEVEL_AT);
  bytes.writeUInt8(session.authzToken.length, TOKEN_LENGTH_AT);
  bytes.write(session.authzToken, TOKEN_AT, 'latin1');
  bytes.write(methods, methodsAt);
  return bytes;
}

/** Reads what `encodeSessionRecord` wrote. Throws RangeError when the bytes are cut short. */
export function decodeSessionRecord(bytes: Buffer, sessionId: string): SessionRecord {
  const methodsAt = TOKEN_AT + (bytes[TOKEN_LENGTH_AT] ?? 0);
  if (bytes.length < methodsAt) throw new RangeError('A session record is cut short.');
  const methods = bytes.toString('utf8', methodsAt);
  return {
    tokenHash: readDigest(bytes),
    sessionId,
    userId: uuidText(bytes, USER_AT),
    createdAtMs: bytes.readUIntBE(CREATED_AT, TIME_BYTES),
    expiresAtMs: bytes.readUIntBE(EXPIRES_AT, TIME_BYTES),
    lastActivityMs: bytes.readUIntBE(ACTIVITY_AT, TIME_BYTES),
    idleTimeoutMs: bytes.readUInt32BE(IDLE_AT) * 1000,
    authenticationLevel: bytes.readUInt8(LEVEL_AT),
    authenticationMethods: methods === '' ? [] : methods.split(' '),
    authzToken: bytes.toString('latin1', TOKEN_AT, methodsAt),
  };
}
