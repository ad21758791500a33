/**
 * One token of TypeScript. `text` of a string is what stands between its quotes, escapes untouched. A template without
 * substitutions is a string; the pieces of one with substitutions are templates, and the code between them is code.
 */
export interface Token {
  readonly kind: 'word' | 'string' | 'template' | 'regex' | 'mark';
  readonly text: string;
  readonly line: number;
}

const SKIPPED = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))+|^#![^\n]*/y;
const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$]*|\d[\w.]*/uy;
// A quoted string ends with its line, so that a wrong guess about a regular expression costs one line at most.
const STRING = /'((?:[^'\\\n]|\\[\s\S])*)(?:'|$|(?=\n))|"((?:[^"\\\n]|\\[\s\S])*)(?:"|$|(?=\n))/y;
const TEMPLATE = /((?:[^`\\$]|\\[\s\S]|\$(?!\{))*)(`|\$\{|$)/y;
const REGEX = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

const BEFORE_AN_EXPRESSION = new Set(
  'return typeof case in of delete void instanceof new throw do else yield await extends'.split(' '),
);
const BEFORE_A_CONDITION = new Set(['if', 'while', 'for', 'with']);

/**
 * Splits TypeScript into tokens, without comments and white space: enough to read imports and names from it, not to
 * understand it. TypeScript 7 offers other programs no parser, and a regular expression over the text would take
 * imports in comments and strings for real ones. Never throws: what it cannot read is a `mark` of one character.
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const brackets: { readonly closes: '}' | ')' | ']' | 'template'; readonly condition: boolean }[] = [];
  let at = 0;
  let line = 1;
  let closedCondition = false;

  while (at < source.length) {
    if (match(SKIPPED)) continue;
    const start = line;
    const word = match(WORD);
    if (word) {
      push('word', word[0], start);
      continue;
    }
    const string = match(STRING);
    if (string) {
      push('string', string[1] ?? string[2] ?? '', start);
      continue;
    }
    const regex = startsExpression() && match(REGEX);
    if (regex) push('regex', regex[0], start);
    else readMark(source.charAt(at++), start);
  }
  return tokens;

  function readMark(mark: string, start: number): void {
    if (mark === '`') {
      readTemplate(start, 'first');
      return;
    }
    const last = tokens.at(-1);
    if (mark === '{') brackets.push({ closes: '}', condition: false });
    else if (mark === '[') brackets.push({ closes: ']', condition: false });
    else if (mark === '(') brackets.push({ closes: ')', condition: isWord(last, BEFORE_A_CONDITION) });
    else if (mark === '}' || mark === ')' || mark === ']') {
      const opened = brackets.pop();
      if (opened?.closes === 'template') {
        readTemplate(start, 'next');
        return;
      }
      closedCondition = opened?.condition ?? false;
    }
    push('mark', mark, start);
  }

  function readTemplate(start: number, piece: 'first' | 'next'): void {
    const [, text = '', end] = match(TEMPLATE) ?? [];
    push(piece === 'first' && end === '`' ? 'string' : 'template', text, start);
    if (end === '$' + '{') brackets.push({ closes: 'template', condition: false });
  }

  /** Whether a slash here begins a regular expression; after a value it divides. */
  function startsExpression(): boolean {
    const last = tokens.at(-1);
    if (last === undefined) return true;
    if (last.kind === 'word') return BEFORE_AN_EXPRESSION.has(last.text);
    if (last.kind === 'template') return brackets.at(-1)?.closes === 'template';
    if (last.kind !== 'mark') return false;
    return last.text === ')' ? closedCondition : last.text !== ']';
  }

  function match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found === null || found[0] === '') return pattern === TEMPLATE ? found : null;
    at = pattern.lastIndex;
    line += found[0].split('\n').length - 1;
    return found;
  }

  function push(kind: Token['kind'], text: string, start: number): void {
    tokens.push({ kind, text, line: start });
  }
}

function isWord(token: Token | undefined, words: ReadonlySet<string>): boolean {
  return token?.kind === 'word' && words.has(token.text);
}
