import { type Compiled, constant, fail, failuresByKind, type Run } from './compiled.ts';
import type { Compiler } from './compiler.ts';
import { kindOf } from './kinds.ts';
import { pay, startMeter, TOO_MANY_STEPS } from './meter.ts';
import type { Overload, TypeName } from './overload.ts';
import { overloadsOf } from './overloads.ts';
import { type Call, mismatch } from './sentences.ts';
import { accepts, alwaysFits, DYN, joined, type Type, toText, typeNamed } from './types.ts';
import { Failed, type Value } from './values.ts';

/** A function, a method, or an operator that takes its operands as a function does. */
export function compileCall(compiler: Compiler, node: Call): Compiled {
  const call = withNamespace(node);
  const args = call.args.map((arg) => compiler.compile(arg));
  const candidates = candidatesFor(compiler, node, call, args);
  checkLiterals(compiler, node, candidates, args);
  const compiled = {
    type: resultOf(compiler, node, candidates, args),
    run: runOf(compiler, call, candidates, args),
  };
  return args.every((arg) => arg.constant !== undefined) ? doneOnce(compiled) : compiled;
}

/** Most steps of work that is done once, when a condition is compiled. */
const ONCE_STEPS_MAX = 256;

/** `timestamp("2026-01-01T00:00:00Z")` is always the same: its work is done now, and costs nothing later. */
function doneOnce(compiled: Compiled): Compiled {
  try {
    startMeter(ONCE_STEPS_MAX);
    const value = compiled.run();
    return value instanceof Failed ? compiled : constant(compiled.type, value);
  } catch (error) {
    if (error === TOO_MANY_STEPS) return compiled;
    throw error;
  }
}

/** `ip.isCanonical(x)` is a method of something called `ip` to the parser, and a function to CEL. */
function withNamespace(call: Call): Call {
  const [receiver, ...args] = call.args;
  if (!call.isMethod || receiver?.kind !== 'name') return call;
  const name = `${receiver.name}.${call.name}`;
  return overloadsOf(name).length === 0 ? call : { ...call, name, isMethod: false, args };
}

/** The overloads that the types leave over: all that could be meant where a type is not known. Throws ConditionError for none. */
export function candidatesFor(
  compiler: Compiler,
  node: Call,
  call: Call,
  args: readonly Compiled[],
): readonly Overload[] {
  const named = overloadsOf(call.name);
  const candidates = named.filter(
    ({ isMethod, parameters }) =>
      isMethod === call.isMethod &&
      parameters.length === args.length &&
      parameters.every((parameter, index) => accepts(parameter, args[index]?.type ?? DYN)),
  );
  if (candidates.length > 0) return candidates;
  const types = args.map(({ type }) => toText(type));
  throw compiler.refuse(node, `${mismatch(call, types, named, compiler.source)}.`);
}

/** What is written down wrongly shows now, where every way to read the call says so. */
function checkLiterals(
  compiler: Compiler,
  node: Call,
  candidates: readonly Overload[],
  args: readonly Compiled[],
): void {
  for (const [index, { constant: literal }] of args.entries()) {
    if (literal === undefined) continue;
    const problems = candidates.map((candidate) => candidate.checkLiteral?.(index, literal));
    const [problem] = problems;
    if (problem !== undefined && !problems.includes(undefined)) throw compiler.refuse(node, problem);
  }
}

function resultOf(compiler: Compiler, node: Call, candidates: readonly Overload[], args: readonly Compiled[]): Type {
  const [first, ...others] = candidates.map(({ result }) => result);
  if (first === undefined || others.some((other) => other !== first)) return DYN;
  if (first !== 'list' || node.name !== '+') return typeNamed(first);
  const [left, right] = args.map(({ type }) => type);
  const both = left && right && joined(left, right);
  if (both) return both;
  throw compiler.refuse(
    node,
    `Both lists have to be of one type, not ${args.map(({ type }) => toText(type)).join(' and ')}.`,
  );
}

function runOf(compiler: Compiler, call: Call, candidates: readonly Overload[], args: readonly Compiled[]): Run {
  const runs = args.map(({ run }) => run);
  const ready = candidates.map((candidate) => prepared(candidate, args));
  const [only, ...others] = ready;
  if (
    only &&
    others.length === 0 &&
    only.parameters.every((name, index) => alwaysFits(name, args[index]?.type ?? DYN))
  ) {
    return known(only, runs);
  }
  const named = overloadsOf(call.name);
  const failures = failuresByKind((...kinds) => mismatch(call, kinds, named, compiler.source));
  return chosen(ready, runs, failures);
}

/** With what the literals alone decide worked out. */
function prepared(overload: Overload, args: readonly Compiled[]): Overload {
  const literals = args.map((arg) => arg.constant);
  if (!overload.prepare || literals.every((literal) => literal === undefined)) return overload;
  const isMeant = literals.every(
    (literal, index) => literal === undefined || fits(overload.parameters[index] ?? 'dyn', literal),
  );
  const better = isMeant ? overload.prepare(literals) : undefined;
  const { cost: _, ...plain } = overload;
  return better ? { ...plain, ...better } : overload;
}

type AnyCall = (...values: readonly Value[]) => Value | Failed;
type AnyCost = (...values: readonly Value[]) => number;

/** A call whose overload is known. The usual numbers of arguments are written out: it is what conditions do most. */
function known({ call, cost }: Overload, runs: readonly Run[]): Run {
  const [first, second] = runs;
  const callAny = call as AnyCall;
  const costAny = cost as AnyCost | undefined;
  if (first && runs.length === 1) {
    return () => {
      const a = first();
      if (a instanceof Failed) return a;
      pay(costAny ? 1 + Math.ceil(costAny(a)) : 1);
      return paidFor(callAny(a));
    };
  }
  if (first && second && runs.length === 2) {
    return () => {
      const a = first();
      if (a instanceof Failed) return a;
      const b = second();
      if (b instanceof Failed) return b;
      pay(costAny ? 1 + Math.ceil(costAny(a, b)) : 1);
      return paidFor(callAny(a, b));
    };
  }
  return () => {
    const values = valuesOf(runs);
    if (values instanceof Failed) return values;
    pay(costAny ? 1 + Math.ceil(costAny(...values)) : 1);
    return paidFor(callAny(...values));
  };
}

/** A call whose overload shows when the values do. */
function chosen(
  candidates: readonly Overload[],
  runs: readonly Run[],
  failures: (...kinds: readonly string[]) => Failed,
): Run {
  return () => {
    const values = valuesOf(runs);
    if (values instanceof Failed) return values;
    pay(1);
    const overload = candidates.find(({ parameters }) => parameters.every((name, index) => fits(name, values[index])));
    if (!overload) return failures(...values.map(kindOf));
    if (overload.cost) pay(Math.ceil((overload.cost as AnyCost)(...values)));
    return paidFor((overload.call as AnyCall)(...values));
  };
}

function valuesOf(runs: readonly Run[]): readonly Value[] | Failed {
  const values: Value[] = [];
  for (const run of runs) {
    const value = run();
    if (value instanceof Failed) return value;
    values.push(value);
  }
  return values;
}

function fits(parameter: TypeName, value: Value | undefined): boolean {
  if (parameter === 'dyn') return true;
  if (parameter !== 'list<string>') return parameter === kindOf(value);
  return Array.isArray(value) && areTexts(value);
}

function areTexts(list: readonly Value[]): boolean {
  pay(list.length >>> 2);
  return list.every((item) => typeof item === 'string');
}

function paidFor(result: Value | Failed): Value | Failed {
  return result instanceof Failed ? fail(result) : result;
}
