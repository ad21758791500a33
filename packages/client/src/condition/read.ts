// Long because it is the one place that knows the tree of the library, which has many kinds of nodes.
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { type BracketPair, bracketsOf } from './brackets.ts';
import { WHY_CHARACTERS_MAX } from './compiled.ts';
import { ConditionError } from './condition-error.ts';
import { TYPE_NAMES } from './kinds.ts';
import { bytesOf, isMisreadRawString } from './literals.ts';
import { tokenInWords } from './tokens.ts';
import type { MacroName, Node, Place, Variable } from './tree.ts';
import { TypeValue, Uint, type Value } from './values.ts';

const HALF_A_PAIR = /\p{Surrogate}/u;

/** Most nodes of a condition: names, operators, calls, literals. */
export const NODES_MAX = 256;
/** Most levels of brackets, arguments, lists, and of fields behind fields. */
export const DEPTH_MAX = 32;

/** The library is only asked to parse. What a list, a map or a call may hold is bounded by the nodes. */
const PARSER = new Environment({
  limits: {
    maxAstNodes: NODES_MAX,
    maxDepth: DEPTH_MAX,
    maxListElements: NODES_MAX,
    maxMapEntries: NODES_MAX,
    maxCallArguments: NODES_MAX,
  },
});

const INT_MAX = 2n ** 63n - 1n;
const MACROS: ReadonlySet<string> = new Set<MacroName>(['all', 'exists', 'exists_one', 'map', 'filter']);
const TYPES: ReadonlyMap<string, Value> = new Map(
  Object.values(TYPE_NAMES)
    .filter((name) => name !== TYPE_NAMES.unknown)
    .map((name) => [name, new TypeValue(name)]),
);

/** What CEL or the library knows and a condition may not use, and what to say to someone who tries it. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['matches', 'Regular expressions are not available: use startsWith, endsWith, contains or in.'],
  ['bind', 'cel.bind is not available: write the expression where it is used.'],
  ['json', 'json is not available: give the value in the context.'],
]);

type Scope = ReadonlyMap<string, Variable>;
interface Source {
  readonly text: string;
  readonly brackets: readonly BracketPair[];
}

/** Reads an expression as CEL means it: what the library reads otherwise is put right or refused. Throws ConditionError. */
export function readExpression(text: string): Node {
  const half = text.search(HALF_A_PAIR);
  if (half >= 0) {
    throw new ConditionError(
      'It holds half of a surrogate pair, which is no character of Unicode.',
      text,
      half,
      half + 1,
    );
  }
  const ast = parse(text);
  return read(ast, new Map(), { text, brackets: bracketsOf(text) });
}

function parse(text: string): ASTNode {
  try {
    return PARSER.parse(text).ast;
  } catch (error) {
    throw refusalOf(error, text);
  }
}

/** Errors of the library carry a code, and a sentence without the source beside their message. */
function refusalOf(error: unknown, text: string): ConditionError {
  const { code, summary, message, range } = error as {
    readonly code?: string;
    readonly summary?: string;
    readonly message: string;
    readonly range?: { readonly start: number; readonly end: number };
  };
  const what = summary ?? message;
  return new ConditionError(sentenceOf(code, what), text, range?.start ?? 0, range?.end ?? text.length);
}

function sentenceOf(code: string | undefined, what: string): string {
  if (code === 'limit_exceeded') {
    return what.includes('maxDepth')
      ? `It is nested deeper than ${DEPTH_MAX} levels.`
      : `It has more than ${NODES_MAX} parts: names, operators, calls and literals.`;
  }
  if (code === 'invalid_macro_argument')
    return 'The first argument has to be a name for the item, as x is in list.all(x, x > 1).';
  const inWords =
    code === 'expected_token' || code === 'unexpected_token' ? what.replace(/[A-Z]{2,}/g, tokenInWords) : what;
  return `${inWords.replace(/\.$/, '').slice(0, WHY_CHARACTERS_MAX)}.`;
}

function read(ast: ASTNode, scope: Scope, source: Source): Node {
  const { start, end } = ast;
  const refuse = (why: string) => new ConditionError(why, source.text, start, end);
  const inside = (part: ASTNode) => read(part, scope, source);
  const call = (name: string, isMethod: boolean, ...parts: ASTNode[]): Node => {
    return { kind: 'call', name, isMethod, args: parts.map(inside), start, end };
  };
  switch (ast.op) {
    case 'value':
      return { kind: 'literal', value: literalOf(ast.args, source.text.slice(start, end), refuse), start, end };
    case 'id':
      return readName(ast.args, scope, { start, end }, refuse);
    case '.': {
      const type = TYPES.get(dottedName(ast, scope));
      if (type !== undefined) return { kind: 'literal', value: type, start, end };
      return { kind: 'select', operand: inside(ast.args[0]), field: ast.args[1], place: fieldOf(ast), start, end };
    }
    case '[]': {
      const [operand, index] = ast.args;
      if (index.op === 'value' && typeof index.args === 'string') {
        checkRawString(index, source);
        return {
          kind: 'select',
          operand: inside(operand),
          field: index.args,
          place: { start: index.start, end: index.end },
          start,
          end,
        };
      }
      return call('[]', false, operand, index);
    }
    case 'call': {
      const [name, args] = ast.args;
      const why = REFUSED.get(name);
      if (why !== undefined) throw refuse(why);
      if (name === 'has') return readHas(args, inside, { start, end }, refuse);
      return call(name, false, ...args);
    }
    case 'rcall': {
      const [name, receiver, args] = ast.args;
      const why = REFUSED.get(name);
      if (why !== undefined) throw refuse(why);
      if (isMacro(name)) return readMacro(name, receiver, args, scope, source, { start, end }, refuse);
      return call(name, true, receiver, ...args);
    }
    case '||':
    case '&&': {
      const [left, right] = ast.args;
      return { kind: ast.op === '||' ? 'or' : 'and', left: inside(left), right: inside(right), start, end };
    }
    case '?:': {
      const [condition, yes, no] = ast.args;
      return { kind: 'choice', condition: inside(condition), yes: inside(yes), no: inside(no), start, end };
    }
    case '!_':
      return call('!', false, ast.args);
    case '-_': {
      const least = leastInt(ast.args, source.text.slice(start + 1, ast.args.start));
      return least === undefined ? call('-', false, ast.args) : { kind: 'literal', value: least, start, end };
    }
    case 'list':
      return { kind: 'list', items: ast.args.map(inside), start, end };
    case 'map':
      return {
        kind: 'map',
        entries: ast.args.map(([key, value]) => [inside(key), inside(value)] as const),
        start,
        end,
      };
    case '==':
    case '!=':
      checkPrecedence(ast.op, ast.args, source);
      return call(ast.op, false, ...ast.args);
    case 'in':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return call(ast.op, false, ...ast.args);
    default:
      throw refuse('Optional values are not available: use has.');
  }
}

type Refuse = (why: string) => ConditionError;
/** Where the name behind the dot stands. */
function fieldOf({ pos, end }: ASTNode): Place {
  return { start: pos, end };
}

function readName(name: string, scope: Scope, place: Place, refuse: Refuse): Node {
  const variable = scope.get(name);
  if (variable) return { kind: 'local', variable, ...place };
  const type = TYPES.get(name);
  if (type !== undefined) return { kind: 'literal', value: type, ...place };
  // The parser of the library knows the word.
  if (name === 'optional') throw refuse('Optional values are not available: use has.');
  return { kind: 'name', name, ...place };
}

/** `google.protobuf.Timestamp`; empty where it is no such name. */
function dottedName(ast: ASTNode, scope: Scope): string {
  if (ast.op === 'id') return scope.has(ast.args) ? '' : ast.args;
  if (ast.op !== '.') return '';
  const parent = dottedName(ast.args[0], scope);
  return parent === '' ? '' : `${parent}.${ast.args[1]}`;
}

function literalOf(value: unknown, source: string, refuse: Refuse): Value {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'string') {
    if (isMisreadRawString(source)) throw refuse(RAW_STRING);
    return value;
  }
  if (typeof value === 'bigint') {
    if (value > INT_MAX)
      throw refuse(`An int has at most 64 bits, so ${INT_MAX} is the largest: write ${value}.0 for a double.`);
    return value;
  }
  if (value instanceof Uint8Array) return bytesOf(source);
  // The class of the library for a uint is not exported.
  const whole = value?.valueOf();
  if (typeof whole === 'bigint') return new Uint(whole);
  throw refuse('Not a literal of CEL.');
}

const RAW_STRING = 'A raw string ends at the first quote, whatever stands before it: use another kind of quotes.';

function checkRawString({ start, end }: ASTNode, { text }: Source): void {
  if (isMisreadRawString(text.slice(start, end))) throw new ConditionError(RAW_STRING, text, start, end);
}

/** -2^63, which is a literal although 2^63 is none: where nothing but space stands between sign and number. */
function leastInt(number: ASTNode, between: string): bigint | undefined {
  const isLeast = number.op === 'value' && number.args === INT_MAX + 1n && between.trim() === '';
  return isLeast ? -INT_MAX - 1n : undefined;
}

const ORDERS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', 'in']);

/** To CEL all comparisons bind alike, from left to right; to the library `==` binds less than `<`. */
function checkPrecedence(
  operator: string,
  [left, right]: readonly [ASTNode, ASTNode],
  { text, brackets }: Source,
): void {
  if (!ORDERS.has(right.op)) return;
  const isBracketed = brackets.some(({ open, close }) => open >= left.end && open < right.start && close >= right.end);
  if (isBracketed) return;
  const why = `${operator} and ${right.op} bind alike: write brackets around one of them.`;
  throw new ConditionError(why, text, left.start, right.end);
}

function readHas(args: readonly ASTNode[], inside: (part: ASTNode) => Node, place: Place, refuse: Refuse): Node {
  const [field] = args;
  if (args.length !== 1 || field?.op !== '.') throw refuse('has takes a field, as in has(context.owner).');
  return { kind: 'has', operand: inside(field.args[0]), field: field.args[1], place: fieldOf(field), ...place };
}

function isMacro(name: string): name is MacroName {
  return MACROS.has(name);
}

function readMacro(
  name: MacroName,
  receiver: ASTNode,
  args: readonly ASTNode[],
  scope: Scope,
  source: Source,
  place: Place,
  refuse: Refuse,
): Node {
  const [named, ...steps] = args;
  const step = steps.at(-1);
  if (!named || !step || steps.length > (name === 'map' ? 2 : 1)) {
    const shape = name === 'map' ? 'and what to make of each' : 'and a test';
    throw refuse(`${name} takes one name for the item ${shape}, as in list.${name}(x, x > 1).`);
  }
  if (named.op !== 'id') throw refuse(`The first argument of ${name} has to be a name for the item.`);
  const variable: Variable = { name: named.args };
  const within = new Map([...scope, [variable.name, variable]]);
  const filter = steps.length === 2 ? steps[0] : undefined;
  return {
    kind: 'macro',
    name,
    range: read(receiver, scope, source),
    variable,
    filter: filter && read(filter, within, source),
    step: read(step, within, source),
    ...place,
  };
}
