import { Buffer, isUtf8 } from 'node:buffer';
import { invalidToken } from './access-token-error.ts';

/** Longest token that is looked at. Ours have about 600 characters. */
export const TOKEN_MAX_CHARACTERS = 4_096;

/** A JWS in its compact form (RFC 7515, section 7.1) whose signature has 64 bytes, as ES256 makes it. */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$/;
const SIGNATURE_CHARACTERS = 86;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Header and payload of a token, as text. */
export interface TokenParts {
  readonly header: string;
  readonly payload: string;
}

/**
 * Takes a token apart. Throws ACCESS_TOKEN_INVALID unless it is three parts in base64url in their one spelling: no
 * padding, no white space, no other alphabet, no bits left over; and header and payload are UTF-8.
 */
export function splitToken(token: string): TokenParts {
  if (typeof token !== 'string' || token.length > TOKEN_MAX_CHARACTERS || !COMPACT.test(token)) throw invalidToken();
  const headerEnd = token.indexOf('.');
  const payloadEnd = token.length - SIGNATURE_CHARACTERS - 1;
  if (!isCanonical(token, payloadEnd + 1, token.length)) throw invalidToken();
  return { header: decode(token, 0, headerEnd), payload: decode(token, headerEnd + 1, payloadEnd) };
}

function decode(token: string, start: number, end: number): string {
  if (!isCanonical(token, start, end)) throw invalidToken();
  const bytes = Buffer.from(token.slice(start, end), 'base64url');
  if (!isUtf8(bytes)) throw invalidToken();
  return bytes.toString('utf8');
}

/** Whether the last character carries no bits that decoding drops, so that no other spelling means the same bytes. */
function isCanonical(token: string, start: number, end: number): boolean {
  const over = (end - start) % 4;
  if (over === 0) return true;
  const last = ALPHABET.indexOf(token[end - 1] ?? '');
  return over === 2 ? last % 16 === 0 : over === 3 && last % 4 === 0;
}
