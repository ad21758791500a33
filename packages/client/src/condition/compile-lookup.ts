import { isMap } from './compile-field.ts';
import { type Compiled, fail, failuresByKind, type Run } from './compiled.ts';
import { type Compiler, compileOperands } from './compiler.ts';
import { isIn } from './equal.ts';
import { keyOf, lookUp } from './keys.ts';
import { kindOf } from './kinds.ts';
import { pay } from './meter.ts';
import { type Call, mismatch } from './sentences.ts';
import { BOOL, canEqual, DYN, type Type, toText } from './types.ts';
import { Failed, Uint, type Value } from './values.ts';

/** `item in list`, `key in map`. */
export function compileMembership(compiler: Compiler, node: Call): Compiled {
  const [item, container] = compileOperands(compiler, node);
  const inside = partsOf(container.type);
  const refused = () => mismatch(node, [toText(item.type), toText(container.type)], [], compiler.source);
  if (!inside) throw compiler.refuse(node, `${refused()}: the right side has to be a list or a map.`);
  if (!canEqual(item.type, inside)) throw compiler.refuse(node, `${refused()}: it is never in it.`);
  const failures = failuresByKind((...kinds) => mismatch(node, kinds, [], compiler.source));
  const run: Run = () => {
    const a = item.run();
    if (a instanceof Failed) return a;
    const b = container.run();
    if (b instanceof Failed) return b;
    pay(1);
    if (Array.isArray(b)) {
      const found = isIn(a, b);
      return found instanceof Failed ? fail(found) : found;
    }
    if (!isMap(b)) return failures(kindOf(a), kindOf(b));
    payForKey(a);
    return lookUp(b, a) !== undefined;
  };
  return { type: BOOL, run };
}

/** What `in` looks for in a container of the type. */
function partsOf(type: Type): Type | undefined {
  if (type.kind === 'list') return type.item;
  if (type.kind === 'map') return type.key;
  return type.kind === 'dyn' ? DYN : undefined;
}

/** `list[index]`, `map[key]`. */
export function compileIndex(compiler: Compiler, node: Call): Compiled {
  const [container, index] = compileOperands(compiler, node);
  const type = indexedType(compiler, node, container.type, index.type);
  const failures = failuresByKind((...kinds) => mismatch(node, kinds, [], compiler.source));
  const run: Run = () => {
    const a = container.run();
    if (a instanceof Failed) return a;
    const b = index.run();
    if (b instanceof Failed) return b;
    pay(1);
    if (Array.isArray(a)) return itemAt(a, b) ?? nothingAt(a, b, failures);
    if (!isMap(a)) return failures(kindOf(a), kindOf(b));
    payForKey(b);
    const value = lookUp(a, b);
    return value === undefined ? fail(missingKey(b)) : value;
  };
  return { type, run };
}

function indexedType(compiler: Compiler, node: Call, container: Type, index: Type): Type {
  const types = [toText(container), toText(index)];
  if (container.kind === 'dyn') return DYN;
  if (container.kind === 'list') {
    if (index.kind === 'int' || index.kind === 'dyn') return container.item;
    throw compiler.refuse(node, `${mismatch(node, types, [], compiler.source)}: the index of a list is an int.`);
  }
  if (container.kind !== 'map') throw compiler.refuse(node, `${mismatch(node, types, [], compiler.source)}.`);
  if (canEqual(container.key, index)) return container.value;
  throw compiler.refuse(node, `${mismatch(node, types, [], compiler.source)}: it has no such key.`);
}

/** An item of a list: the index is an int, or what is the same number. */
function itemAt(list: readonly Value[], index: Value): Value | undefined {
  const whole = typeof index === 'number' ? index : wholeOf(index);
  return whole === undefined ? undefined : list[whole];
}

function wholeOf(index: Value): number | undefined {
  if (typeof index === 'bigint') return Number(index);
  return index instanceof Uint ? Number(index.value) : undefined;
}

function nothingAt(
  list: readonly Value[],
  index: Value,
  failures: (...kinds: readonly string[]) => Failed,
): Value | Failed {
  if (itemAt(list, index) === null) return null;
  const key = keyOf(index);
  if (typeof key === 'bigint') return fail(new Failed(`There is no item ${key} in a list of ${list.length}`));
  if (typeof index === 'number') return fail(new Failed(`The index of a list is a whole number, not ${index}`));
  return failures('list', kindOf(index));
}

function missingKey(key: Value): Failed {
  const name = keyOf(key);
  return new Failed(name === undefined ? 'No such key' : `No such key: ${String(name).slice(0, 100)}`);
}

function payForKey(key: Value): void {
  if (typeof key === 'string') pay(key.length >>> 2);
}
