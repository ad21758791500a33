import type { ASTNode } from '@marcbachmann/cel-js';
import { parseCidr } from './condition-environment.ts';
import { ConditionError } from './condition-error.ts';

/** Functions that repeat their argument for each item of a list. */
const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);
/** What could make a short condition run for long, and what to say to someone who tries it. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['matches', 'Regular expressions are not available: use startsWith, endsWith, contains or in.'],
  ['bind', 'cel.bind is not available.'],
]);
/** Most characters of a value that is shown. */
const SHOWN_CHARACTERS_MAX = 200;

/** Something that a condition looks at, such as `resource.owner`. */
export interface Fact {
  readonly name: string;
  read(variables: Readonly<Record<string, unknown>>): { readonly name: string; readonly value: string };
}

/** Throws ConditionError for what could cost more than a condition may. */
export function checkShape(ast: ASTNode): void {
  walk(ast, (node, within) => {
    const called = calledBy(node);
    if (!called) return within;
    const why = REFUSED.get(called.name);
    if (why) throw new ConditionError(why, node.start, node.end);
    if (called.name === 'inCidr') checkCidr(called.args[0], node);
    if (!MACROS.has(called.name)) return within;
    if (within) throw new ConditionError('Macros do not nest.', node.start, node.end);
    return true;
  });
}

/** What the condition looks at, each once. */
export function factsOf(ast: ASTNode): readonly Fact[] {
  const found = new Map<string, Fact>();
  walk(ast, (node, within) => {
    const path = pathOf(node);
    if (path && path.length > 1 && ['request', 'resource', 'context'].includes(path[0] ?? '')) {
      const name = path.join('.');
      found.set(name, { name, read: (variables) => ({ name, value: shown(valueAt(variables, path)) }) });
    }
    return within;
  });
  // `resource.owner` is a part of `resource.owner.id` and says nothing more.
  const names = [...found.keys()];
  return [...found.values()].filter(({ name }) => !names.some((other) => other.startsWith(`${name}.`)));
}

type Visit = (node: ASTNode, withinMacro: boolean) => boolean;

/** Visits each node with what its parent's visit returned. */
function walk(node: ASTNode, visit: Visit, within = false): void {
  const inside = visit(node, within);
  const descend = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(descend);
    else if (typeof part === 'object' && part !== null && 'op' in part) walk(part as ASTNode, visit, inside);
  };
  descend(node.args);
}

function calledBy(node: ASTNode): { readonly name: string; readonly args: readonly ASTNode[] } | undefined {
  if (node.op === 'call') return { name: node.args[0], args: node.args[1] };
  if (node.op === 'rcall') return { name: node.args[0], args: node.args[2] };
  return undefined;
}

/** A range that is written down is read when the condition is compiled, so that a slip shows then. */
function checkCidr(range: ASTNode | undefined, node: ASTNode): void {
  if (range?.op !== 'value' || typeof range.args !== 'string') return;
  try {
    parseCidr(range.args);
  } catch (error) {
    throw new ConditionError(`${(error as Error).message}.`, node.start, node.end);
  }
}

function pathOf(node: ASTNode): readonly string[] | undefined {
  if (node.op === 'id') return [node.args];
  if (node.op !== '.') return undefined;
  const parent = pathOf(node.args[0]);
  return parent && [...parent, node.args[1]];
}

function valueAt(variables: Readonly<Record<string, unknown>>, path: readonly string[]): unknown {
  let value: unknown = variables;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? Number(part) : part));
  if (text === undefined) return '(not given)';
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
