import { createHash } from 'node:crypto';

/** Hexadecimal digits at the end of a session id that tag its user: 12 bits. */
const TAG_DIGITS = 3;

/**
 * Puts a tag of the user in the last 12 bits of a UUIDv7, which RFC 9562 leaves to randomness. All sessions of a user so
 * carry the same tag, it is known from a session id alone, and as a Redis Cluster hash tag it keeps them in one slot.
 */
export function sessionIdFor(userId: string, uuidv7: string): string {
  return uuidv7.slice(0, -TAG_DIGITS) + userTag(userId);
}

/** The tag of a user: the first 12 bits of the SHA-256 of the id, as three hexadecimal digits. */
export function userTag(userId: string): string {
  return createHash('sha256').update(userId).digest('hex').slice(0, TAG_DIGITS);
}

/** The user's tag in a session id. */
export function tagOf(sessionId: string): string {
  return sessionId.slice(-TAG_DIGITS);
}
