import type { ASTNode } from '@marcbachmann/cel-js';
import { literalOf, nodesOf } from './condition-tree.ts';

/** Most characters of a value that is shown. */
const SHOWN_CHARACTERS_MAX = 200;

/** Something that a condition looks at, such as `resource.owner`. */
export interface Fact {
  readonly name: string;
  read(variables: Readonly<Record<string, unknown>>): { readonly name: string; readonly value: string };
}

/** What the condition looks at, each once. */
export function factsOf(ast: ASTNode): readonly Fact[] {
  const found = new Map<string, Fact>();
  for (const node of nodesOf(ast)) {
    const path = pathOf(node);
    if (!path || path.length === 1 || !['request', 'resource', 'context'].includes(path[0] ?? '')) continue;
    const name = path.join('.');
    found.set(name, { name, read: (variables) => ({ name, value: shown(valueAt(variables, path)) }) });
  }
  // `resource.owner` is a part of `resource.owner.id` and says nothing more.
  const names = [...found.keys()];
  return [...found.values()].filter(({ name }) => !names.some((other) => other.startsWith(`${name}.`)));
}

function pathOf(node: ASTNode): readonly string[] | undefined {
  if (node.op === 'id') return [node.args];
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [parent, key] = node.args;
  const name = typeof key === 'string' ? key : literalOf(key);
  const path = name === undefined ? undefined : pathOf(parent);
  return path && name !== undefined ? [...path, name] : undefined;
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
  const text = jsonOf(value);
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}

function jsonOf(value: unknown): string {
  try {
    const text = JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? Number(part) : part));
    return text ?? '(not given)';
  } catch {
    // Only a value that is nested thousands of levels deep gets here: the stack ends.
    return '(too deep to show)';
  }
}
