import { boolOperand } from './compile-logic.ts';
import { type Compiled, failuresByKind, type Run } from './compiled.ts';
import type { Compiler, Slot } from './compiler.ts';
import { KEY_STEPS, keysOf } from './keys.ts';
import { kindOf } from './kinds.ts';
import { pay } from './meter.ts';
import type { Node } from './tree.ts';
import { BOOL, DYN, type Type, toText } from './types.ts';
import { type CelMap, Failed, type JsonObject, type Value } from './values.ts';

type Macro = Extract<Node, { kind: 'macro' }>;
type Items = () => readonly Value[] | Failed;
type Test = () => boolean | Failed;

/** `list.exists(x, test)` and its kind. Over a map they go through its keys. */
export function compileMacro(compiler: Compiler, node: Macro): Compiled {
  const range = compiler.compile(node.range);
  const slot: Slot = { type: itemTypeOf(compiler, node, range.type), value: null };
  compiler.slots.set(node.variable, slot);
  const items = itemsOf(range.run, node.name);
  const test = (step: Node) => boolOperand(compiler, step, node.name);
  switch (node.name) {
    case 'exists':
      return { type: BOOL, run: untilDecided(items, slot, test(node.step), true) };
    case 'all':
      return { type: BOOL, run: untilDecided(items, slot, test(node.step), false) };
    case 'exists_one':
      return { type: BOOL, run: onlyOne(items, slot, test(node.step)) };
    case 'filter':
      return { type: { kind: 'list', item: slot.type }, run: mapped(items, slot, test(node.step), () => slot.value) };
    case 'map': {
      const filter = node.filter && test(node.filter);
      const step = compiler.compile(node.step);
      return { type: { kind: 'list', item: step.type }, run: mapped(items, slot, filter, step.run) };
    }
    default:
      return node.name satisfies never;
  }
}

function itemTypeOf(compiler: Compiler, node: Macro, range: Type): Type {
  if (range.kind === 'list') return range.item;
  if (range.kind === 'map') return range.key;
  if (range.kind === 'dyn') return DYN;
  throw compiler.refuse(node, `${node.name} goes through a list or the keys of a map, not ${toText(range)}.`);
}

function itemsOf(range: Run, name: string): Items {
  const failures = failuresByKind((kind) => `${name} goes through a list or the keys of a map, not ${kind}`);
  return () => {
    const value = range();
    if (Array.isArray(value)) return value;
    if (value instanceof Failed) return value;
    const kind = kindOf(value);
    if (kind !== 'map') return failures(kind);
    const keys = keysOf(value as CelMap | JsonObject);
    pay(KEY_STEPS * keys.length);
    return keys;
  };
}

/** As `||` (exists) and `&&` (all) of all rounds: one that decides is enough, errors count where none does. */
function untilDecided(items: Items, slot: Slot, test: Test, decisive: boolean): Run {
  return () => {
    const list = items();
    if (list instanceof Failed) return list;
    let failed: Failed | undefined;
    for (let index = 0; index < list.length; index += 1) {
      pay(1);
      slot.value = list[index] as Value;
      const met = test();
      if (met === decisive) {
        slot.value = null;
        return decisive;
      }
      if (met instanceof Failed) failed ??= met;
    }
    slot.value = null;
    return failed ?? !decisive;
  };
}

function onlyOne(items: Items, slot: Slot, test: Test): Run {
  return () => {
    const list = items();
    if (list instanceof Failed) return list;
    let count = 0;
    for (let index = 0; index < list.length; index += 1) {
      pay(1);
      slot.value = list[index] as Value;
      const met = test();
      if (met instanceof Failed) {
        slot.value = null;
        return met;
      }
      if (met) count += 1;
    }
    slot.value = null;
    return count === 1;
  };
}

function mapped(items: Items, slot: Slot, filter: Test | undefined, step: Run): Run {
  return () => {
    const list = items();
    if (list instanceof Failed) return list;
    const made: Value[] = [];
    for (let index = 0; index < list.length; index += 1) {
      pay(1);
      slot.value = list[index] as Value;
      const taken = filter === undefined || filter();
      const value = taken === true ? step() : taken;
      if (value instanceof Failed) {
        slot.value = null;
        return value;
      }
      if (taken === true) made.push(value);
    }
    slot.value = null;
    return made;
  };
}
