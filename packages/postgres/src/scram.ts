import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { Failure } from '@gatehouse/failure';

const ITERATIONS = 4_096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const VERIFIER = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):/;
/** Other characters would have to be normalized, and clients do that differently. */
const PASSWORD = /^[\x21-\x7e]{1,256}$/;

/**
 * What Postgres keeps of a password (RFC 5803). Sent in place of the password, which so never reaches the server's log
 * and its statistics. Fewer iterations than usual make logging in cheap, and guessing as well. Throws Failure `invalid`, PASSWORD_NOT_ASCII, unless it is 1 to 256 printable ASCII characters.
 */
export function scramVerifier(password: string, iterations: number = ITERATIONS): string {
  if (!PASSWORD.test(password)) {
    throw new Failure('invalid', 'PASSWORD_NOT_ASCII', 'A database password must be of printable ASCII characters.');
  }
  const salt = randomBytes(SALT_BYTES);
  const salted = pbkdf2Sync(password, salt, iterations, KEY_BYTES, 'sha256');
  const serverKey = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey(salted).toString('base64')}:${serverKey}`;
}

/** Whether a verifier is that of a password. */
export function matchesVerifier(password: string, verifier: string): boolean {
  const [, iterations, salt, key] = VERIFIER.exec(verifier) ?? [];
  if (!iterations || !salt || !key) return false;
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), KEY_BYTES, 'sha256');
  const expected = Buffer.from(key, 'base64');
  return expected.length === KEY_BYTES && timingSafeEqual(storedKey(salted), expected);
}

function storedKey(salted: Buffer): Buffer {
  return createHash('sha256').update(hmac(salted, 'Client Key')).digest();
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
