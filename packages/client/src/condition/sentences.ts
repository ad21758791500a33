import type { Overload } from './overload.ts';
import { childrenOf, type Node } from './tree.ts';

/** Most characters of a source that a sentence repeats. */
const REPEATED_CHARACTERS_MAX = 60;
/** Most ways to call a function that a sentence lists. */
const LISTED_MAX = 6;

const NUMBERS: ReadonlySet<string> = new Set(['int', 'uint', 'double']);
const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%']);
const OPERATORS: ReadonlySet<string> = new Set([...ARITHMETIC, '<', '<=', '>', '>=', '==', '!=', 'in', '!', '[]']);

export type Call = Extract<Node, { kind: 'call' }>;

/** What is wrong with a call of a function or an operator with these types, and what to write instead. No full stop. */
export function mismatch(call: Call, types: readonly string[], overloads: readonly Overload[], source: string): string {
  const [left = '', right = ''] = types;
  if (types.length === 2 && OPERATORS.has(call.name)) {
    const what = `${left} ${call.name} ${right} does not go together`;
    const hint = hintFor(call, left, right, source);
    return hint === '' ? what : `${what}: ${hint}`;
  }
  if (call.name === '!' || call.name === '-') return `${call.name}${left} does not go together`;
  const found = shape({ ...call, parameters: types });
  if (overloads.length === 0) return `There is no function ${call.name}`;
  const known = [...new Set(overloads.map(shape))].slice(0, LISTED_MAX);
  return `${found} does not go together: there is ${known.join(', ')}`;
}

/** `string.startsWith(string)`. */
function shape({
  name,
  isMethod,
  parameters,
}: Pick<Overload, 'name' | 'isMethod'> & { readonly parameters: readonly string[] }): string {
  if (!isMethod) return `${name}(${parameters.join(', ')})`;
  const [receiver, ...rest] = parameters;
  return `${receiver}.${name}(${rest.join(', ')})`;
}

/** Numbers that come as JSON are doubles, and arithmetic takes two of one type. */
function hintFor(call: Call, left: string, right: string, source: string): string {
  const [a, b] = call.args.map((node) => ({ node, text: textOf(node, source) }));
  if (!a || !b) return '';
  if (call.name === '+' && left === 'string') return `write string(${b.text})`;
  if (call.name === '+' && right === 'string') return `write string(${a.text})`;
  if (!ARITHMETIC.has(call.name)) return '';
  if (call.name === '%' && (left === 'double' || right === 'double')) {
    return `it takes whole numbers, so write ${written(a, 'int', left)} % ${written(b, 'int', right)}`;
  }
  if (left === right || !NUMBERS.has(left) || !NUMBERS.has(right)) return '';
  if (left !== 'double' && right !== 'double') {
    return `write ${written(a, 'int', left)} ${call.name} ${written(b, 'int', right)}`;
  }
  const asDoubles = [inDoubles(a, left), inDoubles(b, right)].join(` ${call.name} `);
  const whole = left === 'double' ? right : left;
  const asWhole = [written(a, whole, left), written(b, whole, right)].join(` ${call.name} `);
  return `a number that is given as JSON is a double, so write ${asDoubles}, or ${asWhole}`;
}

type Operand = { readonly node: Node; readonly text: string };

function written({ text }: Operand, wanted: string, type: string): string {
  return type === wanted ? text : `${wanted}(${text})`;
}

function inDoubles({ node, text }: Operand, type: string): string {
  if (type === 'double') return text;
  return node.kind === 'literal' && /^\d+$/.test(text) ? `${text}.0` : `double(${text})`;
}

function textOf(node: Node, source: string): string {
  const text = source.slice(node.start, node.end);
  if (text.length > REPEATED_CHARACTERS_MAX) return '…';
  // Brackets around it are not a part of its text.
  return node.kind === 'call' && childrenOf(node).length > 1 && !node.isMethod && OPERATORS.has(node.name)
    ? `(${text})`
    : text;
}
