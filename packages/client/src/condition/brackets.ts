/** Where a bracket `(` stands, and the one that closes it. */
export interface BracketPair {
  readonly open: number;
  readonly close: number;
}

/** The round brackets of a source that the parser has taken. Strings and comments are passed over as the parser does. */
export function bracketsOf(source: string): readonly BracketPair[] {
  const pairs: BracketPair[] = [];
  const open: number[] = [];
  let at = 0;
  while (at < source.length) {
    const character = source[at];
    if (character === '"' || character === "'") {
      at = endOfString(source, at, character);
      continue;
    }
    if (character === '/' && source[at + 1] === '/') {
      const end = source.indexOf('\n', at);
      at = end < 0 ? source.length : end;
      continue;
    }
    if (character === '(') open.push(at);
    if (character === ')') pairs.push({ open: open.pop() ?? at, close: at });
    at += 1;
  }
  return pairs;
}

function endOfString(source: string, start: number, quote: string): number {
  const triple = quote.repeat(3);
  const delimiter = source.startsWith(triple, start) ? triple : quote;
  let at = start + delimiter.length;
  while (at < source.length && !source.startsWith(delimiter, at)) at += source[at] === '\\' ? 2 : 1;
  return at + delimiter.length;
}
