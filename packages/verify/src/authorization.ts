import { trimBlanks } from './blanks.ts';

/** What the Authorization header of a request says. */
export type Authorization =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'none' | 'other-scheme' | 'malformed' | 'ambiguous' };

const NONE: Authorization = { kind: 'none' };
const OTHER_SCHEME: Authorization = { kind: 'other-scheme' };
const MALFORMED: Authorization = { kind: 'malformed' };
const AMBIGUOUS: Authorization = { kind: 'ambiguous' };

/** RFC 6750, section 2.1. A scheme is the same in any case (RFC 9110, section 11.1). */
const BEARER = /^bearer +([\w.~+/-]+=*)$/i;
/** What begins so was meant for one, unless it is a longer word or the name of a parameter. */
const MEANT_FOR_BEARER = /^bearer(?:[^\w!#$%&'*+.^`|~=-]|$)/i;
/** A scheme and something behind it, which is for the scheme to judge (RFC 9110, section 11.4). */
const CREDENTIALS = /^[\w!#$%&'*+.^`|~-]+ +[^ ]/;

/**
 * Reads the Authorization header (RFC 9110, section 11.6.2), with all of its values where it was sent several times: proxies
 * join them with a comma, which no bearer token holds. `bearer` is one bearer token, also when it was repeated, and
 * `other-scheme` are credentials that nobody could take for one. `malformed`, and `ambiguous` where values differ, is a header
 * that was meant to say who is calling and does not: to be refused, and never taken for none.
 */
export function readAuthorization(header: string | readonly string[] | undefined): Authorization {
  if (header === undefined) return NONE;
  if (typeof header === 'string') {
    const token = BEARER.exec(header)?.[1];
    return token === undefined ? readElements([header]) : { kind: 'bearer', token };
  }
  return header.length === 0 ? NONE : readElements(header);
}

function readElements(values: readonly string[]): Authorization {
  const elements = values.flatMap(elementsOf);
  if (elements.some((element) => element === undefined || element === '')) return MALFORMED;
  const each = elements as readonly string[];
  if (!each.some((element) => MEANT_FOR_BEARER.test(element))) {
    return values.every((value) => CREDENTIALS.test(trimBlanks(value))) ? OTHER_SCHEME : MALFORMED;
  }
  const [token, ...more] = each.map((element) => BEARER.exec(element)?.[1]);
  if (token !== undefined && more.every((other) => other === token)) return { kind: 'bearer', token };
  return each.length > 1 && each.every((element) => CREDENTIALS.test(element)) ? AMBIGUOUS : MALFORMED;
}

/** The parts between commas that stand in no quotes (RFC 9110, section 5.6); one that is undefined if quotes do not end. */
function elementsOf(value: string): (string | undefined)[] {
  const elements: (string | undefined)[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < value.length; at += 1) {
    const character = value[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted && character === '\\') at += 1;
    else if (!isQuoted && character === ',') {
      elements.push(trimBlanks(value.slice(start, at)));
      start = at + 1;
    }
  }
  elements.push(isQuoted ? undefined : trimBlanks(value.slice(start)));
  return elements;
}
