import type { ConditionInput } from './condition-input.ts';
import { jsonStart } from './json-start.ts';
import { type Node, nodesOf } from './tree.ts';

/** Most characters of a value that is shown. */
const SHOWN_CHARACTERS_MAX = 200;

/** Something that a condition looks at, such as `resource.owner`. */
export interface Fact {
  readonly name: string;
  read(input: ConditionInput): { readonly name: string; readonly value: string };
}

/** What the condition looks at, each once. */
export function factsOf(root: Node): readonly Fact[] {
  const found = new Map<string, Fact>();
  for (const node of nodesOf(root)) {
    const path = node.kind === 'name' ? undefined : pathOf(node);
    if (!path) continue;
    const name = path.join('.');
    found.set(name, {
      name,
      read: (input) => ({ name, value: jsonStart(valueAt(variablesOf(input), path), SHOWN_CHARACTERS_MAX) }),
    });
  }
  // `resource.owner` is a part of `resource.owner.id` and says nothing more.
  const names = [...found.keys()];
  return [...found.values()].filter(({ name }) => !names.some((other) => other.startsWith(`${name}.`)));
}

function pathOf(node: Node): readonly string[] | undefined {
  if (node.kind === 'name') return [node.name];
  if (node.kind !== 'select' && node.kind !== 'has') return undefined;
  const path = pathOf(node.operand);
  return path && [...path, node.field];
}

function variablesOf(input: ConditionInput): unknown {
  const { ip, nowMs, authenticationLevel, userId, permission, resource } = input;
  const time = new Date(nowMs);
  const request = { ip, time, authentication_level: authenticationLevel, user_id: userId, permission, resource };
  return { request, resource: input.resourceAttributes, context: input.attributes };
}

function valueAt(variables: unknown, path: readonly string[]): unknown {
  let value: unknown = variables;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
