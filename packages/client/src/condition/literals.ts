/** What stands between the quotes of a string or bytes literal, and what stands before them, in small letters. */
interface Quoted {
  readonly prefix: string;
  readonly delimiter: string;
  readonly text: string;
}

function quotedOf(source: string): Quoted {
  const [, prefix = '', delimiter = ''] = /^([a-z]*)("""|'''|"|')/i.exec(source) ?? [];
  const text = source.slice(prefix.length + delimiter.length, -delimiter.length);
  return { prefix: prefix.toLowerCase(), delimiter, text };
}

/**
 * Whether a raw string is read as CEL reads it: there a backslash means nothing, so that the string ends at the first
 * quote, while the parser takes one behind a backslash for a part of it.
 */
export function isMisreadRawString(source: string): boolean {
  const { prefix, delimiter, text } = quotedOf(source);
  return prefix === 'r' && (text + delimiter).indexOf(delimiter) !== text.length;
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/**
 * The bytes of a bytes literal that the parser has taken: text as UTF-8, `\xff` and `\377` as one byte. The parser itself
 * makes the same of `\xff` and of the letter U+00FF.
 */
export function bytesOf(source: string): Uint8Array {
  const { text } = quotedOf(source);
  const parts = text.match(/\\[xX][0-9a-fA-F]{2}|\\[0-7]{3}|\\.|[^\\]+/gs) ?? [];
  return Uint8Array.from(Buffer.concat(parts.map(bytesOfPart)));
}

function bytesOfPart(part: string): Uint8Array {
  if (!part.startsWith('\\')) return Buffer.from(part);
  if (/^\\[xX]/.test(part)) return Uint8Array.of(Number.parseInt(part.slice(2), 16));
  if (/^\\[0-7]/.test(part)) return Uint8Array.of(Number.parseInt(part.slice(1), 8));
  const code = ESCAPES[part.slice(1)];
  return code === undefined ? Buffer.from(part.slice(1)) : Uint8Array.of(code);
}
