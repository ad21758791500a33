import { candidatesFor } from './compile-call.ts';
import { type Compiled, fail, failuresByKind, type Run } from './compiled.ts';
import { type Compiler, compileOperands } from './compiler.ts';
import { equal } from './equal.ts';
import { kindOf } from './kinds.ts';
import { pay } from './meter.ts';
import { order } from './order.ts';
import { overloadsOf } from './overloads.ts';
import { type Call, mismatch } from './sentences.ts';
import { BOOL, canEqual, toText } from './types.ts';
import { Failed, type Value } from './values.ts';

/** `==` and `!=`. */
export function compileEquality(compiler: Compiler, node: Call): Compiled {
  const [left, right] = compileOperands(compiler, node);
  if (!canEqual(left.type, right.type)) {
    const types = [toText(left.type), toText(right.type)];
    throw compiler.refuse(node, `${mismatch(node, types, [], compiler.source)}: they are never equal.`);
  }
  const same = node.name === '==';
  const simple = simpleConstant(right);
  const run = simple === undefined ? equality(left.run, right.run, same) : equalityWith(left, simple, same);
  return { type: BOOL, run };
}

function equality(left: Run, right: Run, same: boolean): Run {
  return () => {
    const a = left();
    if (a instanceof Failed) return a;
    const b = right();
    if (b instanceof Failed) return b;
    pay(1);
    const found = equal(a, b);
    return found instanceof Failed ? fail(found) : found === same;
  };
}

/** With something short that is written down, which is what conditions do most. */
function equalityWith(left: Compiled, right: string | boolean | number, same: boolean): Run {
  const { run, small } = left;
  if (small && typeof right === 'number') {
    return () => {
      pay(1);
      const a = small();
      return Number.isNaN(a) ? run() : (a === right) === same;
    };
  }
  const whole = typeof right === 'number' && Number.isInteger(right) ? BigInt(right) : undefined;
  return () => {
    const a = run();
    pay(1);
    if (typeof a === typeof right) return (a === right) === same;
    if (a instanceof Failed) return a;
    const found = equal(a, whole ?? right);
    return found instanceof Failed ? fail(found) : found === same;
  };
}

/** Most characters of a text that is compared for the price of the comparison. */
const SHORT_CHARACTERS_MAX = 63;

/** The constant, where `===` compares it: a number for an int that a double holds exactly. */
function simpleConstant({ constant }: Compiled): string | boolean | number | undefined {
  if (typeof constant === 'string') return constant.length <= SHORT_CHARACTERS_MAX ? constant : undefined;
  return typeof constant === 'boolean' ? constant : exactNumber(constant);
}

function exactNumber(constant: Value | undefined): number | undefined {
  if (typeof constant === 'number') return constant;
  if (typeof constant !== 'bigint') return undefined;
  const number = Number(constant);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** `<`, `<=`, `>`, `>=`. What goes together the table of overloads says; the order itself is one for all of them. */
export function compileOrder(compiler: Compiler, node: Call): Compiled {
  const [left, right] = compileOperands(compiler, node);
  candidatesFor(compiler, node, node, [left, right]);
  const holds = holdsFor(node.name);
  const failures = failuresByKind((...kinds) => mismatch(node, kinds, overloadsOf(node.name), compiler.source));
  const number = exactNumber(right.constant);
  const { run, small } = left;
  if (small && number !== undefined) {
    return {
      type: BOOL,
      run: () => {
        pay(1);
        const a = small();
        return Number.isNaN(a) ? run() : holds(a - number);
      },
    };
  }
  return {
    type: BOOL,
    run: () => {
      const a = run();
      if (a instanceof Failed) return a;
      const b = right.run();
      if (b instanceof Failed) return b;
      pay(1);
      if (typeof a === 'number' && number !== undefined) return holds(a === number ? 0 : a - number);
      const standing = order(a, b);
      return standing === undefined ? failures(kindOf(a), kindOf(b)) : holds(standing);
    },
  };
}

type Holds = (standing: number) => boolean;

function holdsFor(operator: string): Holds {
  switch (operator) {
    case '<':
      return (standing) => standing < 0;
    case '<=':
      return (standing) => standing <= 0;
    case '>':
      return (standing) => standing > 0;
    default:
      return (standing) => standing >= 0;
  }
}
