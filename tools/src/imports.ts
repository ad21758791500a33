import type { Token } from './tokens.ts';

/** One module that a file asks for. The specifier is undefined when it is computed, so that nobody can tell. */
export interface ImportedModule {
  readonly specifier: string | undefined;
  readonly line: number;
}

/**
 * Every module that a file imports, in order: `import … from`, `import type`, `import '…'`, `export … from`,
 * `import(…)` as a call or a type, `require(…)` and `import.meta.resolve(…)`.
 */
export function readImports(tokens: readonly Token[]): ImportedModule[] {
  return tokens.flatMap((token, index) => {
    if (token.kind !== 'word' || isMark(tokens[index - 1], '.')) return [];
    const found = READERS.get(token.text)?.(tokens, index + 1);
    return found === undefined ? [] : [{ specifier: found.specifier, line: token.line }];
  });
}

interface Found {
  readonly specifier: string | undefined;
}

type Reader = (tokens: readonly Token[], next: number) => Found | undefined;

const READERS = new Map<string, Reader>([
  ['import', readImport],
  ['export', readExport],
  ['require', (tokens, next) => (isMark(tokens[next], '(') ? argument(tokens, next + 1) : undefined)],
]);

function readImport(tokens: readonly Token[], next: number): Found | undefined {
  const token = tokens[next];
  if (token?.kind === 'string') return { specifier: token.text };
  if (isMark(token, '(')) return argument(tokens, next + 1);
  if (isMark(token, '.')) return resolution(tokens, next + 1);
  return clause(tokens, next);
}

function readExport(tokens: readonly Token[], next: number): Found | undefined {
  const start = isWord(tokens[next], 'type') ? next + 1 : next;
  return isMark(tokens[start], '{') || isMark(tokens[start], '*') ? clause(tokens, start) : undefined;
}

/** `import.meta.resolve('…')`; any other `import.meta` is not an import. */
function resolution(tokens: readonly Token[], at: number): Found | undefined {
  const resolves = isWord(tokens[at], 'meta') && isMark(tokens[at + 1], '.') && isWord(tokens[at + 2], 'resolve');
  return resolves && isMark(tokens[at + 3], '(') ? argument(tokens, at + 4) : undefined;
}

/** The first argument of a call. A method that happens to be called `import` has none, or a name with a type. */
function argument(tokens: readonly Token[], at: number): Found | undefined {
  const first = tokens[at];
  const second = tokens[at + 1];
  if (first === undefined || isMark(first, ')') || (first.kind === 'word' && isMark(second, ':'))) return undefined;
  const literal = first.kind === 'string' && (isMark(second, ')') || isMark(second, ','));
  return { specifier: literal ? first.text : undefined };
}

/** What stands between `import` or `export` and `from '…'`: names, commas, braces and a star, nothing else. */
function clause(tokens: readonly Token[], start: number): Found | undefined {
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at];
    const next = tokens[at + 1];
    if (isWord(token, 'from') && next?.kind === 'string') return { specifier: next.text };
    const closed = isMark(token, '}') && !isMark(next, ',') && !isWord(next, 'from');
    const belongs = token?.kind === 'word' || token?.kind === 'string' || (token && '{},*'.includes(token.text));
    if (closed || !belongs) return undefined;
  }
  return undefined;
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text;
}
