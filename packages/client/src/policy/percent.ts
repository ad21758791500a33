/**
 * Percent-encoding (RFC 3986) of what stands between the "/" of a scope and beside the ":" of a permission. Types and actions
 * keep the unreserved characters as they are, ids all that a segment of a path may have but "*"; the rest is its UTF-8, with
 * large letters.
 */
const NOT_OF_A_NAME = /[^A-Za-z0-9_.~-]/gu;
const NOT_OF_AN_ID = /[^A-Za-z0-9_.:@~!$&'()+,;=-]/gu;
const ENCODED = /%[0-9A-Fa-f]{2}/g;
/** A percent sign that encodes nothing, or U+0000. */
const BROKEN = /%(?![0-9A-Fa-f]{2})|%00/;

/** A type or an action as it stands in permissions and scopes; undefined: no such text can (a lone surrogate, U+0000). */
export function encodeName(text: string): string | undefined {
  return encode(text, NOT_OF_A_NAME);
}

/** An id as it stands in a scope; undefined: no such text can. */
export function encodeId(text: string): string | undefined {
  return encode(text, NOT_OF_AN_ID);
}

/** What a type, an action or an id of a scope stands for; undefined: nothing that is text. */
export function decodePart(part: string): string | undefined {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** The one form of a type or an action; undefined: it has none. */
export function canonicalName(part: string): string | undefined {
  return canonical(part, NOT_OF_A_NAME);
}

/** The one form of an id; undefined: it has none. */
export function canonicalId(part: string): string | undefined {
  return canonical(part, NOT_OF_AN_ID);
}

function encode(text: string, others: RegExp): string | undefined {
  // A string holds whole characters, or what can be no UTF-8.
  if (text.search(others) < 0) return text;
  if (/\p{Surrogate}|\0/u.test(text)) return undefined;
  return text.replace(others, (character) => {
    const encoded = encodeURIComponent(character);
    return encoded === character ? hex(character) : encoded;
  });
}

function canonical(part: string, others: RegExp): string | undefined {
  if (!part.includes('%')) return part;
  if (BROKEN.test(part)) return undefined;
  return part.replace(ENCODED, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return character.search(others) < 0 ? character : encoded.toUpperCase();
  });
}

function hex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
