import { withoutCookie } from '@gatehouse/verify';
import { carriesBearer, type Headers } from './edge-request.ts';

/** Headers that tell the upstream who is calling. Only the edge may set them. */
export const SUBJECT_HEADER = 'x-auth-subject';
export const SESSION_HEADER = 'x-auth-session';
export const METHODS_HEADER = 'x-auth-methods';
export const LEVEL_HEADER = 'x-auth-level';
export const TOKEN_HEADER = 'x-auth-token';
export const IDENTITY_HEADERS = [SUBJECT_HEADER, SESSION_HEADER, METHODS_HEADER, LEVEL_HEADER, TOKEN_HEADER] as const;
const IDENTITY_PREFIX = 'x-auth-';
const UNUSUAL = /[^a-z0-9-]/;
const A = 'a'.charCodeAt(0);
const LETTERS = 26;
/** Turns a capital into the small letter, and no other character into a letter. */
const SMALL = 0x20;

/** Names of the headers that the edge sets, each of which begins with a small letter. */
export interface SetHeaders {
  readonly names: ReadonlySet<string>;
  /** A bit for each letter that one of them, or an identity header, begins with: most headers need no further look. */
  readonly initials: number;
}

/** Prepares the names of the headers that the edge sets. */
export function setHeaders(names: readonly string[]): SetHeaders {
  const initials = [...names, IDENTITY_PREFIX].reduce((bits, name) => bits | bitOf(name), 0);
  return { names: new Set(names), initials };
}

/** What the edge does to the headers of a request that passes, besides those that it sets. */
export interface HeaderChanges {
  readonly remove: readonly string[];
  /** The Cookie header that takes the place of the one that came in; undefined when that stays or is removed. */
  readonly cookie: string | undefined;
}

/** The changes that keep credentials and forged headers from the upstream; `set` are the headers that the edge sets. */
export function headerChanges(headers: Headers, cookieName: string, set: SetHeaders): HeaderChanges {
  const remove = headersToRemove(headers, set);
  const cookie = withoutCookie(headers.cookie ?? '', cookieName);
  if (cookie !== '') return { remove, cookie };
  remove.push('cookie');
  return { remove, cookie: undefined };
}

/** Whether two requests need exactly the same changes. */
export function sameChanges(a: HeaderChanges, b: HeaderChanges): boolean {
  return (
    a.cookie === b.cookie &&
    a.remove.length === b.remove.length &&
    a.remove.every((name, index) => name === b.remove[index])
  );
}

/**
 * Inbound headers that must not reach the upstream: a bearer token, every identity header, and every header that servers
 * take for one that the edge sets. Those that it sets under the very name are left out: it overwrites them, and Envoy
 * removes after it has set.
 */
export function headersToRemove(headers: Headers, set: SetHeaders): string[] {
  const remove: string[] = carriesBearer(headers.authorization) ? ['authorization'] : [];
  for (const name of Object.keys(headers)) if (isForged(name, set)) remove.push(name);
  return remove;
}

/** Whether a request carries a header that servers take for one that the edge sets, under another name than that very one. */
export function hasForgedHeader(headers: Headers, set: SetHeaders): boolean {
  for (const name in headers) if (isForged(name, set)) return true;
  return false;
}

/** Whether the upstream would take a header for one that only the edge may set. */
export function isIdentityHeader(name: string): boolean {
  return asServersReadIt(name).startsWith(IDENTITY_PREFIX);
}

function isForged(name: string, { names, initials }: SetHeaders): boolean {
  if ((initials & bitOf(name)) === 0 || names.has(name)) return false;
  const read = asServersReadIt(name);
  return read.startsWith(IDENTITY_PREFIX) || (read !== name && names.has(read));
}

function bitOf(name: string): number {
  const letter = (name.charCodeAt(0) | SMALL) - A;
  return letter >= 0 && letter < LETTERS ? 1 << letter : 0;
}

/** CGI and its heirs turn every character that is neither letter nor digit into one and the same. */
function asServersReadIt(name: string): string {
  return UNUSUAL.test(name) ? name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-') : name;
}
