// Long because each function of the library is a few lines, and its cost belongs beside it.
import type { Overload } from '../overload.ts';
import { Failed, type Value } from '../values.ts';
import { codePointsBefore, placeOf, widthAt } from './code-points.ts';

const OUT_OF_RANGE = new Failed('An index lies outside of the text');
const ENDS_BEFORE_START = new Failed('A part of a text ends before it starts');
const NO_TEXTS = new Failed('Only a list of texts can be joined');
const NOT_FOUND = -1n;

/** White space as Unicode defines it, which is not quite what JavaScript trims. */
const SPACES: ReadonlySet<number> = new Set(
  [
    ...'\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
  ].map((space) => space.charCodeAt(0)),
);
const ASCII = /^[\0-\x7f]*$/;
const [CAPITAL_A, CAPITAL_Z, SMALL_A, SMALL_Z] = [0x41, 0x5a, 0x61, 0x7a];
/** What small and large letters of ASCII differ in. */
const CASE_BIT = 0x20;
/** So many units of UTF-16 become a text at once. They are kept in between, as room for them takes longer to find than to fill. */
const UNITS_AT_ONCE = 1_024;
const UNITS = new Uint16Array(UNITS_AT_ONCE);
const TO_ESCAPE = /["\\\p{Cc}]/gu;
const ESCAPES: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
});

/**
 * CEL's own functions of texts, but for `size` and `matches`, and those of its strings extension, but for `format`, whose
 * cost nobody can tell before it has run. Offsets count code points.
 */
export const STRING_FUNCTIONS: readonly Overload[] = [
  {
    name: 'contains',
    isMethod: true,
    parameters: ['string', 'string'],
    result: 'bool',
    cost: searchSteps,
    call: (text: string, part: string) => text.includes(part),
  },
  {
    name: 'startsWith',
    isMethod: true,
    parameters: ['string', 'string'],
    result: 'bool',
    cost: (_text: string, part: string) => part.length >> 4,
    call: (text: string, part: string) => text.startsWith(part),
  },
  {
    name: 'endsWith',
    isMethod: true,
    parameters: ['string', 'string'],
    result: 'bool',
    cost: (_text: string, part: string) => part.length >> 4,
    call: (text: string, part: string) => text.endsWith(part),
  },
  {
    name: 'charAt',
    isMethod: true,
    parameters: ['string', 'int'],
    result: 'string',
    cost: readSteps,
    call: (text: string, index: bigint) => {
      const at = placeOf(text, index);
      if (at === undefined) return OUT_OF_RANGE;
      return at === text.length ? '' : text.slice(at, at + widthAt(text, at));
    },
  },
  {
    name: 'indexOf',
    isMethod: true,
    parameters: ['string', 'string'],
    result: 'int',
    cost: searchSteps,
    call: (text: string, part: string) => toIndex(text, text.indexOf(part)),
  },
  {
    name: 'indexOf',
    isMethod: true,
    parameters: ['string', 'string', 'int'],
    result: 'int',
    cost: searchSteps,
    call: (text: string, part: string, from: bigint) => {
      const at = startOf(text, part, from);
      return at === undefined ? OUT_OF_RANGE : toIndex(text, text.indexOf(part, at));
    },
  },
  {
    name: 'lastIndexOf',
    isMethod: true,
    parameters: ['string', 'string'],
    result: 'int',
    cost: searchSteps,
    call: (text: string, part: string) => toIndex(text, text.lastIndexOf(part)),
  },
  {
    name: 'lastIndexOf',
    isMethod: true,
    parameters: ['string', 'string', 'int'],
    result: 'int',
    cost: searchSteps,
    call: (text: string, part: string, from: bigint) => {
      const at = startOf(text, part, from);
      return at === undefined ? OUT_OF_RANGE : toIndex(text, text.lastIndexOf(part, at));
    },
  },
  {
    name: 'lowerAscii',
    isMethod: true,
    parameters: ['string'],
    result: 'string',
    cost: rewriteSteps,
    call: (text: string) => (ASCII.test(text) ? text.toLowerCase() : recased(text, CAPITAL_A, CAPITAL_Z)),
  },
  {
    name: 'upperAscii',
    isMethod: true,
    parameters: ['string'],
    result: 'string',
    cost: rewriteSteps,
    call: (text: string) => (ASCII.test(text) ? text.toUpperCase() : recased(text, SMALL_A, SMALL_Z)),
  },
  {
    name: 'replace',
    isMethod: true,
    parameters: ['string', 'string', 'string'],
    result: 'string',
    cost: (text: string, old: string, by: string) => replaceSteps(text, old, by, -1n),
    call: (text: string, old: string, by: string) => replaced(text, old, by, Number.POSITIVE_INFINITY),
  },
  {
    name: 'replace',
    isMethod: true,
    parameters: ['string', 'string', 'string', 'int'],
    result: 'string',
    cost: replaceSteps,
    call: (text: string, old: string, by: string, most: bigint) => replaced(text, old, by, toLimit(most)),
  },
  {
    name: 'split',
    isMethod: true,
    parameters: ['string', 'string'],
    result: 'list<string>',
    cost: (text: string, separator: string) => splitSteps(text, separator, -1n),
    call: (text: string, separator: string) => split(text, separator, Number.POSITIVE_INFINITY),
  },
  {
    name: 'split',
    isMethod: true,
    parameters: ['string', 'string', 'int'],
    result: 'list<string>',
    cost: splitSteps,
    call: (text: string, separator: string, most: bigint) => split(text, separator, toLimit(most)),
  },
  {
    name: 'substring',
    isMethod: true,
    parameters: ['string', 'int'],
    result: 'string',
    cost: readSteps,
    call: (text: string, start: bigint) => {
      const at = placeOf(text, start);
      return at === undefined ? OUT_OF_RANGE : text.slice(at);
    },
  },
  {
    name: 'substring',
    isMethod: true,
    parameters: ['string', 'int', 'int'],
    result: 'string',
    cost: readSteps,
    call: (text: string, start: bigint, end: bigint) => {
      const from = placeOf(text, start);
      const upTo = placeOf(text, end);
      if (from === undefined || upTo === undefined) return OUT_OF_RANGE;
      return from > upTo ? ENDS_BEFORE_START : text.slice(from, upTo);
    },
  },
  {
    name: 'trim',
    isMethod: true,
    parameters: ['string'],
    result: 'string',
    cost: readSteps,
    call: (text: string) => {
      let start = 0;
      let end = text.length;
      while (start < end && isSpace(text, start)) start += 1;
      while (end > start && isSpace(text, end - 1)) end -= 1;
      return text.slice(start, end);
    },
  },
  {
    name: 'join',
    isMethod: true,
    parameters: ['list<string>'],
    result: 'string',
    cost: (texts: readonly Value[]) => joinSteps(texts, ''),
    call: (texts: readonly Value[]) => join(texts, ''),
  },
  {
    name: 'join',
    isMethod: true,
    parameters: ['list<string>', 'string'],
    result: 'string',
    cost: joinSteps,
    call: join,
  },
  {
    name: 'reverse',
    isMethod: true,
    parameters: ['string'],
    result: 'string',
    cost: renewSteps,
    call: (text: string) => Array.from(text).reverse().join(''),
  },
  {
    name: 'strings.quote',
    isMethod: false,
    parameters: ['string'],
    result: 'string',
    cost: renewSteps,
    call: (text: string) => `"${text.replace(TO_ESCAPE, (each) => ESCAPES[each] ?? each)}"`,
  },
];

/** A text is read once. */
function readSteps(text: string): number {
  return text.length >> 2;
}

/** A text is read and written anew. */
function rewriteSteps(text: string): number {
  return 2 + (text.length >> 1);
}

/** A text is written anew, each of its characters for itself. */
function renewSteps(text: string): number {
  return text.length;
}

/** A text is searched: at the worst each place of it is compared with the whole part. */
function searchSteps(text: string, part: string): number {
  return (text.length >> 2) * (1 + (part.length >> 4));
}

/** A text is searched and written anew, with as many parts as there may be. */
function replaceSteps(text: string, old: string, by: string, most: bigint): number {
  const parts = Math.min(partsMax(text, old), toLimit(most));
  return searchSteps(text, old) + (text.length >> 4) + parts * (1 + (by.length >> 4));
}

function splitSteps(text: string, separator: string, most: bigint): number {
  return searchSteps(text, separator) + Math.min(partsMax(text, separator), toLimit(most));
}

/** How often something may be found in a text, and once more. */
function partsMax(text: string, part: string): number {
  return Math.floor(text.length / Math.max(part.length, 1)) + 1;
}

function joinSteps(texts: readonly Value[], separator: string): number {
  let steps = texts.length * (2 + (separator.length >> 4));
  for (const text of texts) if (typeof text === 'string') steps += text.length >> 4;
  return steps;
}

function toLimit(most: bigint): number {
  return most < 0n ? Number.POSITIVE_INFINITY : Number(most);
}

/** Where a search begins; undefined outside of the text. Only nothing can be found at its very end. */
function startOf(text: string, part: string, from: bigint): number | undefined {
  const at = placeOf(text, from);
  return at === text.length && part !== '' ? undefined : at;
}

function toIndex(text: string, at: number): Value {
  return at < 0 ? NOT_FOUND : BigInt(codePointsBefore(text, at));
}

function isSpace(text: string, at: number): boolean {
  return SPACES.has(text.charCodeAt(at));
}

/** The letters between the two in their other case, all else as it is. By units of UTF-16: a call for each run of letters takes longer. */
function recased(text: string, first: number, last: number): string {
  let made = '';
  for (let from = 0; from < text.length; from += UNITS_AT_ONCE) {
    const count = Math.min(UNITS_AT_ONCE, text.length - from);
    for (let at = 0; at < count; at += 1) {
      const unit = text.charCodeAt(from + at);
      UNITS[at] = unit >= first && unit <= last ? unit ^ CASE_BIT : unit;
    }
    made += Reflect.apply(String.fromCharCode, undefined, UNITS.subarray(0, count));
  }
  return made;
}

function replaced(text: string, old: string, by: string, most: number): string {
  // Nothing is found before each code point and at the end.
  if (old === '') return withBetween(text, by, most);
  let made = '';
  let from = 0;
  for (let count = 0; count < most; count += 1) {
    const at = text.indexOf(old, from);
    if (at < 0) break;
    made += text.slice(from, at) + by;
    from = at + old.length;
  }
  return from === 0 ? text : made + text.slice(from);
}

function withBetween(text: string, by: string, most: number): string {
  let made = '';
  let at = 0;
  for (let count = 0; count < most; count += 1) {
    made += by;
    if (at === text.length) break;
    const width = widthAt(text, at);
    made += text.slice(at, at + width);
    at += width;
  }
  return made + text.slice(at);
}

/** At most so many parts; the last of them is what is left. */
function split(text: string, separator: string, most: number): readonly string[] {
  if (most === 0) return [];
  const parts: string[] = [];
  let from = 0;
  if (separator === '') {
    while (from < text.length) {
      const end = parts.length + 1 < most ? from + widthAt(text, from) : text.length;
      parts.push(text.slice(from, end));
      from = end;
    }
    return parts;
  }
  while (parts.length + 1 < most) {
    const at = text.indexOf(separator, from);
    if (at < 0) break;
    parts.push(text.slice(from, at));
    from = at + separator.length;
  }
  parts.push(text.slice(from));
  return parts;
}

function join(texts: readonly Value[], separator = ''): Value | Failed {
  for (const text of texts) if (typeof text !== 'string') return NO_TEXTS;
  return texts.join(separator);
}
