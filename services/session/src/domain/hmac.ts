import { hash } from 'node:crypto';

/** Block and digest of SHA-256. Bytes. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Most bytes of a message. */
export const HMAC_MESSAGE_BYTES_MAX = 256;

const keyed = new WeakMap<Uint8Array, (message: Uint8Array) => Buffer>();

/**
 * HMAC-SHA-256 (RFC 2104) of a short message, under a key of at most one block that nobody changes. It is made of two
 * hashes over buffers that are kept with the key, because `createHmac` makes native objects for each call: that took a
 * quarter of the time of a validation. Throws RangeError for what has no room.
 */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Buffer {
  const known = keyed.get(key);
  if (known) return known(message);
  const made = withKey(key);
  keyed.set(key, made);
  return made(message);
}

function withKey(key: Uint8Array): (message: Uint8Array) => Buffer {
  if (key.length > BLOCK_BYTES) throw new RangeError(`A key has at most ${BLOCK_BYTES} bytes.`);
  const inner = Buffer.alloc(BLOCK_BYTES + HMAC_MESSAGE_BYTES_MAX);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    inner[index] = (key[index] ?? 0) ^ 0x36;
    outer[index] = (key[index] ?? 0) ^ 0x5c;
  }
  let asked = inner;
  return (message) => {
    if (message.length > HMAC_MESSAGE_BYTES_MAX) {
      throw new RangeError(`A message has at most ${HMAC_MESSAGE_BYTES_MAX} bytes.`);
    }
    inner.set(message, BLOCK_BYTES);
    if (asked.length !== BLOCK_BYTES + message.length) asked = inner.subarray(0, BLOCK_BYTES + message.length);
    // By way of text a digest lands in memory that Node shares out, as in `hashToken`.
    outer.write(hash('sha256', asked, 'binary'), BLOCK_BYTES, 'latin1');
    return Buffer.from(hash('sha256', outer, 'binary'), 'latin1');
  };
}
