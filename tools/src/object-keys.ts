import type { Token } from './tokens.ts';

/** Every name that stands where an object literal has a key: `a: …`, `'a': …`, `a(…) {…}`, or `a` alone. */
export function readObjectKeys(tokens: readonly Token[]): Set<string> {
  const keys = new Set<string>();
  const brackets: string[] = [];
  tokens.forEach((token, index) => {
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    if (token.kind === 'mark' && '{(['.includes(token.text)) brackets.push(token.text);
    else if (token.kind === 'mark' && '})]'.includes(token.text)) brackets.pop();
    else if ((token.kind === 'word' || token.kind === 'string') && brackets.at(-1) === '{') {
      const starts = before?.kind === 'mark' && '{,'.includes(before.text);
      const named = after?.kind === 'mark' && ':,}('.includes(after.text);
      if (starts && named) keys.add(token.text);
    }
  });
  return keys;
}

/** The tokens without the import statements, whose braces look like object literals. */
export function withoutImports(tokens: readonly Token[]): Token[] {
  let importing = false;
  return tokens.filter((token, index) => {
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    if (token.kind === 'word' && token.text === 'import' && after?.kind !== 'mark') importing = true;
    else if (token.text === 'import' && after?.kind === 'mark' && '{*'.includes(after.text)) importing = true;
    else if (importing && before?.kind === 'string') importing = false;
    return !importing;
  });
}
