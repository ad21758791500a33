import { createHmac, timingSafeEqual } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import type { KeyRing } from './key-ring.ts';

/** The page tokens of one listing: where its next page begins, in a form that only this service can make. */
export interface PageTokens {
  /** The token of the page after this key. */
  format(key: Buffer): string;
  /** The key in a token; undefined for an empty one, which asks for the first page. Throws PAGE_TOKEN_INVALID. */
  parse(token: string): Buffer | undefined;
}

/**
 * A token is, in base64url without padding: a byte for the version of the format, the id of the ring key, the key that
 * the page begins after, and the first 16 bytes of an HMAC-SHA256 over the listing and all of that.
 */
const FORMAT = 1;
const HEAD_BYTES = 2;
const MAC_BYTES = 16;
const PURPOSE = 'gatehouse session page token v1';

/**
 * `listing` names the RPC and every condition that decides which rows it lists, so that a token of one listing is none of
 * another. Keys have `keyBytes` bytes.
 */
export function pageTokens(
  ring: KeyRing,
  listing: readonly (string | number | boolean)[],
  keyBytes: number,
): PageTokens {
  const sign = (signed: Buffer, ringKey: Buffer): Buffer =>
    createHmac('sha256', ringKey)
      .update(JSON.stringify(listing))
      // JSON never holds this byte, so that no listing can run over into a key.
      .update('\0')
      .update(signed)
      .digest()
      .subarray(0, MAC_BYTES);
  return {
    format(key) {
      const ringKey = ring.derive(ring.currentId, PURPOSE);
      if (!ringKey || key.length !== keyBytes) throw new RangeError(`A page begins after a key of ${keyBytes} bytes.`);
      const signed = Buffer.concat([Buffer.of(FORMAT, ring.currentId), key]);
      return Buffer.concat([signed, sign(signed, ringKey)]).toString('base64url');
    },
    parse(token) {
      if (token === '') return undefined;
      const bytes = Buffer.from(token, 'base64url');
      const ringKey = ring.derive(bytes[1] ?? 0, PURPOSE);
      const isWhole = bytes.length === HEAD_BYTES + keyBytes + MAC_BYTES && bytes.toString('base64url') === token;
      if (!isWhole || bytes[0] !== FORMAT || !ringKey) throw invalid();
      const signed = bytes.subarray(0, -MAC_BYTES);
      if (!timingSafeEqual(sign(signed, ringKey), bytes.subarray(-MAC_BYTES))) throw invalid();
      return Buffer.from(signed.subarray(HEAD_BYTES));
    },
  };
}

function invalid(): Failure {
  return new Failure('invalid', 'PAGE_TOKEN_INVALID', 'The page token is not one that this listing has given.', {
    fields: [{ field: 'page_token', description: 'is not a page token of this listing' }],
  });
}
