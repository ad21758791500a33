import { trimBlanks } from './blanks.ts';

const NONE: readonly string[] = [];
const NOTHING_LEFT = /^[; \t]*$/;
const QUOTED = /^"(.*)"$/s;

/**
 * The values of a cookie in a Cookie header (RFC 6265, sections 4.2.1 and 5.4): pairs end at `;` and nowhere else, of white
 * space only spaces and tabs are left out, names are compared exactly, and quotes around a value are not part of it. So what
 * a proxy has joined with a comma is the value of the pair before the comma.
 */
export function cookieValues(header: string, name: string): readonly string[] {
  // Of most requests without the cookie no more than this is looked at.
  if (!header.includes(name)) return NONE;
  return header.split(';').flatMap((pair) => valueIn(pair, name) ?? NONE);
}

/**
 * A Cookie header without the pairs of a cookie, every other octet as it was: undefined when it did not hold the cookie,
 * empty when it held nothing else.
 */
export function withoutCookie(header: string, name: string): string | undefined {
  if (!header.includes(name)) return undefined;
  const pairs = header.split(';');
  const others = pairs.filter((pair) => valueIn(pair, name) === undefined);
  if (others.length === pairs.length) return undefined;
  const rest = others.join(';');
  return NOTHING_LEFT.test(rest) ? '' : trimBlanks(rest);
}

function valueIn(pair: string, name: string): string | undefined {
  const equals = pair.indexOf('=');
  if (equals < 0 || trimBlanks(pair.slice(0, equals)) !== name) return undefined;
  const value = trimBlanks(pair.slice(equals + 1));
  return QUOTED.exec(value)?.[1] ?? value;
}
