import { type Compiled, constant, fail, failuresByKind, type Run } from './compiled.ts';
import type { Compiler } from './compiler.ts';
import { keyOf } from './keys.ts';
import { kindOf } from './kinds.ts';
import { pay } from './meter.ts';
import type { Node } from './tree.ts';
import { DYN, joined, type Type, toText, typeNamed } from './types.ts';
import { CelMap, Failed, type MapKey, type Value } from './values.ts';

/** A literal that is no list and no map. */
export function compileLiteral({ value }: Extract<Node, { kind: 'literal' }>): Compiled {
  const kind = kindOf(value);
  return constant(kind === 'unknown' ? DYN : typeNamed(kind), value);
}

/** `[a, b]`: made once where all of it is written down. */
export function compileList(compiler: Compiler, node: Extract<Node, { kind: 'list' }>): Compiled {
  const items = node.items.map((item) => compiler.compile(item));
  const type: Type = { kind: 'list', item: commonType(items) };
  const values = items.map((item) => item.constant);
  if (areGiven(values)) return constant(type, values);
  const runs = items.map(({ run }) => run);
  return { type, run: () => listOf(runs) };
}

function listOf(runs: readonly Run[]): Value | Failed {
  pay(runs.length);
  const list: Value[] = [];
  for (const run of runs) {
    const value = run();
    if (value instanceof Failed) return value;
    list.push(value);
  }
  return list;
}

const TWICE = new Failed('A key stands in the map twice');
const KEYS: ReadonlySet<string> = new Set(['bool', 'int', 'uint', 'string', 'dyn']);

/** `{key: value}`. */
export function compileMap(compiler: Compiler, node: Extract<Node, { kind: 'map' }>): Compiled {
  const entries = node.entries.map(([key, value]) => [compiler.compile(key), compiler.compile(value)] as const);
  for (const [index, [key]] of entries.entries()) {
    if (KEYS.has(key.type.kind)) continue;
    const why = `The key of a map is a string, an int, a uint or a bool, not ${toText(key.type)}.`;
    throw compiler.refuse(node.entries[index]?.[0] ?? node, why);
  }
  const type: Type = {
    kind: 'map',
    key: commonType(entries.map(([key]) => key)),
    value: commonType(entries.map(([, value]) => value)),
  };
  const failures = failuresByKind((kind) => `The key of a map is a string, an int, a uint or a bool, not ${kind}`);
  const runs = entries.map(([key, value]) => [key.run, value.run] as const);
  return { type, run: () => mapOf(runs, failures) };
}

function mapOf(runs: readonly (readonly [Run, Run])[], failures: (kind: string) => Failed): Value | Failed {
  pay(2 * runs.length);
  const entries = new Map<MapKey, readonly [Value, Value]>();
  for (const [keyRun, valueRun] of runs) {
    const key = keyRun();
    if (key instanceof Failed) return key;
    const value = valueRun();
    if (value instanceof Failed) return value;
    if (typeof key === 'string') pay(key.length >>> 2);
    const name = typeof key === 'number' ? undefined : keyOf(key);
    if (name === undefined) return failures(kindOf(key));
    if (entries.has(name)) return fail(TWICE);
    entries.set(name, [key, value]);
  }
  return new CelMap(entries);
}

/** What the parts are, `dyn` where they differ or there are none. */
function commonType(parts: readonly Compiled[]): Type {
  const [first, ...others] = parts;
  let common: Type = first?.type ?? DYN;
  for (const { type } of others) common = joined(common, type) ?? DYN;
  return common;
}

function areGiven(values: readonly (Value | undefined)[]): values is readonly Value[] {
  return !values.includes(undefined);
}
