import { createHash } from 'node:crypto';
import { Failure } from '@gatehouse/failure';

/** The page tokens of one listing: where its next page begins. */
export interface PageTokens {
  /** The token for a position, whose parts hold no NUL. */
  format(position: readonly string[]): string;
  /** The position in a token; undefined for an empty one, which asks for the beginning. Throws PAGE_TOKEN_INVALID. */
  parse(token: string): readonly string[] | undefined;
}

/** The form of a part that is a UUID. */
export const UUID_PART = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const FORMAT = 1;
const FINGERPRINT_BYTES = 16;
const HEAD_BYTES = 1 + FINGERPRINT_BYTES;

/**
 * `listing` names the RPC and what is listed, so that a token of one listing is none of another. A token is, in base64url
 * without padding: a byte for the format, 16 bytes of the SHA-256 of the listing, and the parts of the position with a NUL
 * between them. It proves nothing and hides nothing: whoever forges one sees only what the listing would show anyway.
 */
export function pageTokens(listing: readonly (string | boolean)[], parts: readonly RegExp[]): PageTokens {
  const fingerprint = createHash('sha256').update(JSON.stringify(listing)).digest().subarray(0, FINGERPRINT_BYTES);
  return {
    format: (position) =>
      Buffer.concat([Buffer.of(FORMAT), fingerprint, Buffer.from(position.join('\0'))]).toString('base64url'),
    parse(token) {
      if (token === '') return undefined;
      const bytes = Buffer.from(token, 'base64url');
      const isOurs = bytes[0] === FORMAT && bytes.toString('base64url') === token;
      if (!isOurs || !bytes.subarray(1, HEAD_BYTES).equals(fingerprint)) throw invalid();
      const position = bytes.toString('utf8', HEAD_BYTES).split('\0');
      const isWhole =
        position.length === parts.length && parts.every((part, index) => part.test(position[index] ?? ''));
      if (!isWhole) throw invalid();
      return position;
    },
  };
}

function invalid(): Failure {
  return new Failure('invalid', 'PAGE_TOKEN_INVALID', 'The page token is not one that this listing has given.', {
    fields: [{ field: 'page_token', description: 'is not a page token of this listing' }],
  });
}
