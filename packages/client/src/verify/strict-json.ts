import { invalidToken } from './access-token-error.ts';

/** How deep values may lie in each other: an object with lists of objects. */
const DEPTH_MAX = 4;

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/**
 * Parses JSON text that holds an object. Throws ACCESS_TOKEN_INVALID where it is no JSON, lies too deep, or names a member
 * of an object twice, however it is spelled: JSON.parse would take the last one, and others the first.
 */
export function parseStrictObject(text: string): Readonly<Record<string, unknown>> {
  if (text.charCodeAt(0) !== OPEN_OBJECT) throw invalidToken();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The error of JSON.parse quotes the text, which belongs in no log.
    throw invalidToken();
  }
  refuseDuplicates(text);
  return value as Record<string, unknown>;
}

/** Goes over text that JSON.parse has accepted, so that every quote, bracket and comma is where it belongs. */
function refuseDuplicates(text: string): void {
  /** For each open value the names seen so far, or undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let expectsName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at);
        if (expectsName) noteName(open.at(-1), text.slice(at, end + 1));
        expectsName = false;
        at = end;
        break;
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        if (open.length >= DEPTH_MAX) throw invalidToken();
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

function noteName(names: Set<string> | undefined, quoted: string): void {
  const name: string = quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1);
  if (!names || names.has(name)) throw invalidToken();
  names.add(name);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
