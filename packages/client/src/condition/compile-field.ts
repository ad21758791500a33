import { isKnown, REQUEST_FIELDS } from './asked.ts';
import { type Compiled, constant, fail, failuresByKind, type Run, WHY_CHARACTERS_MAX } from './compiled.ts';
import type { Compiler } from './compiler.ts';
import { lookUp } from './keys.ts';
import { kindOf } from './kinds.ts';
import { pay } from './meter.ts';
import type { Node } from './tree.ts';
import { BOOL, DYN, type Type, toText } from './types.ts';
import { CelMap, Failed, type JsonObject, type Value } from './values.ts';

type Field = Extract<Node, { kind: 'select' | 'has' }>;

/** `operand.field`. */
export function compileSelect(compiler: Compiler, node: Field): Compiled {
  if (isRequest(node.operand)) return requestField(compiler, node, node.field);
  const operand = compiler.compile(node.operand);
  const type = valueTypeOf(compiler, node, node.field, operand.type);
  const missing = new Failed(`No such key: ${node.field}`.slice(0, WHY_CHARACTERS_MAX));
  const failures = failuresByKind(
    (kind) => `No such key: ${node.field}, since it is looked for in ${kind}, not in a map`,
  );
  const { field } = node;
  const run: Run = () => {
    const map = operand.run();
    if (map instanceof Failed) return map;
    pay(1);
    if (!isMap(map)) return failures(kindOf(map));
    const value = lookUp(map, field);
    return value === undefined ? fail(missing) : value;
  };
  return { type, run };
}

/** `has(operand.field)`: false as well where the operand is no map. */
export function compileHas(compiler: Compiler, node: Field): Compiled {
  if (isRequest(node.operand)) {
    requestField(compiler, node, node.field);
    if (node.field !== 'ip') return constant(BOOL, true);
    return {
      type: BOOL,
      run: () => {
        pay(1);
        return isKnown(node.field);
      },
    };
  }
  const operand = compiler.compile(node.operand);
  valueTypeOf(compiler, node, node.field, operand.type);
  const { field } = node;
  const run: Run = () => {
    const map = operand.run();
    if (map instanceof Failed) return map;
    pay(1);
    return isMap(map) && lookUp(map, field) !== undefined;
  };
  return { type: BOOL, run };
}

function isRequest(node: Node): boolean {
  return node.kind === 'name' && node.name === 'request';
}

function requestField(compiler: Compiler, node: Field, field: string): Compiled {
  const found = REQUEST_FIELDS.get(field);
  if (found) return found;
  throw compiler.refuse(node.place, `No such key: ${field}. request has ${[...REQUEST_FIELDS.keys()].join(', ')}.`);
}

function valueTypeOf(compiler: Compiler, node: Field, field: string, type: Type): Type {
  if (type.kind === 'map') return type.value;
  if (type.kind === 'dyn') return DYN;
  throw compiler.refuse(node.place, `A ${toText(type)} has no fields, so no ${field}.`);
}

export function isMap(value: Value): value is CelMap | JsonObject {
  return typeof value === 'object' && value !== null && (value instanceof CelMap || kindOf(value) === 'map');
}
