import { RequestRefused } from './refusal.ts';

export { RequestRefused } from './refusal.ts';

/** How deep lists and objects may lie in each other. */
export const JSON_DEPTH_MAX = 32;

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/**
 * Parses JSON (RFC 8259). Throws RequestRefused where the text is none, lies too deep, or names a member of an object twice,
 * however it is spelled (RFC 7493, section 2.3): JSON.parse would take the last one, and whoever looked at the text before
 * may have taken the first.
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The error of JSON.parse quotes the text, which belongs in no answer and no log.
    throw refused('JSON_MALFORMED', 'The body is not JSON.');
  }
  checkNesting(text);
  return value;
}

/** Goes over text that JSON.parse has accepted, so that every quote, bracket and comma is where it belongs. */
function checkNesting(text: string): void {
  /** For each open value the names seen so far, or undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let expectsName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at);
        refuseHalves(text.slice(at, end + 1));
        if (expectsName) noteName(open.at(-1), text.slice(at, end + 1));
        expectsName = false;
        at = end;
        break;
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        if (open.length >= JSON_DEPTH_MAX) {
          throw refused('JSON_TOO_DEEP', `The body must not be nested more than ${JSON_DEPTH_MAX} deep.`);
        }
        expectsName = text.charCodeAt(at) === OPEN_OBJECT;
        open.push(expectsName ? new Set() : undefined);
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        open.pop();
        expectsName = false;
        break;
      case COMMA:
        expectsName = open.at(-1) !== undefined;
        break;
    }
  }
}

/** An escape may stand for half of a character, which is no text (RFC 7493, section 2.1) and in UTF-8 would be another. */
function refuseHalves(quoted: string): void {
  if (HALF.test(quoted) && !JSON.parse(quoted).isWellFormed()) {
    throw refused('JSON_NOT_UNICODE', 'A string in the body has half of a surrogate pair.');
  }
}

const HALF = /\\u[Dd]/;

function noteName(names: Set<string> | undefined, quoted: string): void {
  const name: string = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1);
  if (names?.has(name)) throw refused('JSON_NAME_REPEATED', 'An object in the body names a member twice.');
  names?.add(name);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

function refused(reason: string, message: string): RequestRefused {
  return new RequestRefused({ status: 400, reason, message });
}
