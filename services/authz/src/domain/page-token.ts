import { createHash } from 'node:crypto';
import { Failure } from '@gatehouse/failure';

/** The page tokens of one listing: where its next page begins. */
export interface PageTokens {
  /** The token of the page after this key. */
  format(key: string): string;
  /** The key in a token; undefined for an empty one, which asks for the first page. Throws PAGE_TOKEN_INVALID. */
  parse(token: string): string | undefined;
}

/**
 * A token is, in base64url without padding: a byte for the version of the format, the first 16 bytes of a SHA-256 over the
 * listing and the key, and the key that the page begins after. It is not signed: it only says where to begin, and whoever
 * may list may see all of the listing.
 */
const FORMAT = 1;
const SUM_BYTES = 16;
const HEAD_BYTES = 1 + SUM_BYTES;

/**
 * `listing` names the RPC and every condition that decides which rows it lists, so that a token of one listing is none of
 * another. `isKey` says what a key of it looks like.
 */
export function pageTokens(listing: readonly (string | boolean)[], isKey: (key: string) => boolean): PageTokens {
  const format = (key: string): string => {
    const sum = createHash('sha256')
      .update(JSON.stringify([listing, key]))
      .digest()
      .subarray(0, SUM_BYTES);
    return Buffer.concat([Buffer.of(FORMAT), sum, Buffer.from(key)]).toString('base64url');
  };
  return {
    format,
    parse(token) {
      if (token === '') return undefined;
      const key = Buffer.from(token, 'base64url').toString('utf8', HEAD_BYTES);
      if (!isKey(key) || format(key) !== token) throw invalid();
      return key;
    },
  };
}

function invalid(): Failure {
  return new Failure('invalid', 'PAGE_TOKEN_INVALID', 'The page token is not one that this listing has given.', {
    fields: [{ field: 'page_token', description: 'is not a page token of this listing' }],
  });
}
