import type { Value } from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import { getConformanceSuite, type IncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { jsonOf, literalOf } from './cel-literal.ts';

/** One of cel-spec's simple tests, as conditions that say whether an engine does what it says. */
export interface SimpleTest {
  /** `comparisons/eq_literal/eq_int`. */
  readonly id: string;
  /** `comparisons/eq_literal`. */
  readonly section: string;
  readonly expression: string;
  /** What each of these is to give, `attributes` being what `context` holds. */
  readonly conditions: readonly AskedCondition[];
}

export interface AskedCondition {
  readonly source: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** `error`: undetermined, or refused when it is compiled. */
  readonly expected: 'true' | 'false' | 'error';
}

/** A test that no condition can ask, and why. */
export interface LeftOut {
  readonly id: string;
  readonly why: string;
}

/** Files and sections of the suite that the policy language does not mean to support. */
const OUTSIDE: readonly (readonly [section: RegExp, why: string])[] = [
  [/^(dynamic|proto2|proto3|wrappers|enums)\//, 'messages: a policy has the values of JSON, and no types of its own'],
  [/^proto2_ext\//, 'messages: extensions of protobuf'],
  [/^comparisons\/eq_wrapper/, 'messages: wrappers of protobuf'],
  [/^optionals\//, 'optional values'],
  [/^(block_ext|macros2)\//, 'extensions: blocks, and macros of two variables'],
  [/^math_ext\//, 'extensions: math'],
  [/^encoders_ext\//, 'extensions: base64'],
  [/^namespace\//, 'containers: names are not looked up in one'],
  [/^string_ext\/(format|format_errors|value_errors|type_errors)\//, 'extensions: strings.format'],
];

/** Words of a test that is about messages, wherever it stands. */
const MESSAGES = /TestAllTypes|NestedEnum|GlobalEnum|google\.protobuf\.(?!Timestamp\b|Duration\b)\w+|\bmsg\b|NullValue/;

/** The whole suite: what can be asked, and what can't. */
export function simpleTests(): { readonly tests: readonly SimpleTest[]; readonly leftOut: readonly LeftOut[] } {
  const tests: SimpleTest[] = [];
  const leftOut: LeftOut[] = [];
  for (const { section, test } of eachTest(getConformanceSuite(), [])) {
    const id = `${section}/${test.name}`;
    const found = toConditions(section, test.original);
    if (typeof found === 'string') leftOut.push({ id, why: found });
    else tests.push({ id, section, expression: test.original.expr, conditions: found });
  }
  return { tests, leftOut };
}

type Test = IncrementalTestSuite['tests'][number];

function* eachTest(suite: IncrementalTestSuite, path: readonly string[]): Generator<{ section: string; test: Test }> {
  for (const test of suite.tests) yield { section: path.join('/'), test };
  for (const inner of suite.suites) yield* eachTest(inner, [...path, inner.name]);
}

function toConditions(section: string, test: Test['original']): readonly AskedCondition[] | string {
  const outside = OUTSIDE.find(([pattern]) => pattern.test(`${section}/`));
  if (outside) return outside[1];
  if (MESSAGES.test(test.expr)) return 'messages: the expression makes one';
  if (test.checkOnly) return 'types alone: there is nothing to evaluate';
  if (test.disableMacros) return 'without macros';
  const declared = test.typeEnv.map(({ name, declKind }) => ({ name, isFunction: declKind.case === 'function' }));
  if (declared.some(({ isFunction }) => isFunction)) return 'functions that the test declares';
  const bound: [name: string, value: Value][] = [];
  for (const [name, { kind }] of Object.entries(test.bindings)) {
    if (kind.case !== 'value') return 'unknown values';
    bound.push([name, kind.value]);
  }
  if (declared.some(({ name }) => name.includes('.'))) return 'variables whose names have dots';
  if (declared.some(({ name }) => !(name in test.bindings))) return 'variables without a value';
  const expected = expectationOf(test);
  if (typeof expected === 'string') return expected;
  return variantsOf(test.expr, bound).flatMap(({ expression, attributes, isExact }) =>
    expected(expression, isExact).map(([source, outcome]) => ({ source, attributes, expected: outcome })),
  );
}

type Asked = readonly [source: string, outcome: AskedCondition['expected']];
/** `isExact`: numbers have the types that the test gives them. */
type Expectation = (expression: string, isExact: boolean) => readonly Asked[];

function expectationOf({ resultMatcher }: Test['original']): Expectation | string {
  switch (resultMatcher.case) {
    case 'evalError':
    case 'anyEvalErrors':
      return (expression) => [
        [`dyn(${expression}) != dyn("nothing is this")`, 'error'],
        [`[${expression}] != []`, 'error'],
      ];
    case 'value':
      return valueExpectation(resultMatcher.value);
    case 'typedResult':
      return resultMatcher.value.result
        ? valueExpectation(resultMatcher.value.result)
        : 'types alone: there is nothing to evaluate';
    case undefined:
      return (expression) => [[expression, 'true']];
    default:
      return 'unknown values';
  }
}

/** Types of numbers are asked for, because `1 == 1.0`. */
const NUMBERS = { int64Value: 'int', uint64Value: 'uint', doubleValue: 'double' } as const;

function valueExpectation(value: Value): Expectation | string {
  const { kind } = value;
  if (kind.case === 'boolValue') {
    return (expression) => [
      [expression, kind.value ? 'true' : 'false'],
      [`(${expression}) == ${kind.value}`, 'true'],
    ];
  }
  if (kind.case === 'doubleValue' && Number.isNaN(kind.value)) {
    return (expression) => [[`dyn(${expression}) != dyn(${expression}) && type(${expression}) == double`, 'true']];
  }
  const literal = literalOf(value);
  if (literal === undefined) return 'messages: the result is one';
  const number = kind.case && kind.case in NUMBERS ? NUMBERS[kind.case as keyof typeof NUMBERS] : undefined;
  return (expression, isExact) => [
    [`dyn(${expression}) == dyn(${literal})`, 'true'],
    [`(${expression}) == ${literal}`, 'true'],
    ...(number && isExact ? [[`type(${expression}) == ${number}`, 'true'] as const] : []),
  ];
}

interface Variant {
  readonly expression: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isExact: boolean;
}

/** The variables of a test as literals, and as what `context` holds. */
function variantsOf(expression: string, bound: readonly (readonly [name: string, value: Value])[]): readonly Variant[] {
  if (bound.length === 0) return [{ expression, attributes: {}, isExact: true }];
  const literals = new Map(bound.map(([name, value]) => [name, literalOf(value)]));
  const json = bound.map(([name, value]) => [name, jsonOf(value)] as const);
  const found: Variant[] = [];
  if (![...literals.values()].includes(undefined)) {
    found.push({ expression: renamed(expression, literals), attributes: {}, isExact: true });
  }
  if (json.every(([, value]) => value !== undefined)) {
    const names = new Map(bound.map(([name]) => [name, `context.${name}`]));
    found.push({ expression: renamed(expression, names), attributes: Object.fromEntries(json), isExact: false });
  }
  return found;
}

/** Words that are never the name of a variable, whatever a test calls one. */
const RESERVED: ReadonlySet<string> = new Set(['true', 'false', 'null']);

/** The expression with other words for its variables; strings and fields stay what they are. */
function renamed(expression: string, words: ReadonlyMap<string, string | undefined>): string {
  return expression.replace(/"[^"]*"|'[^']*'|\.?\b[A-Za-z_]\w*/g, (found) =>
    RESERVED.has(found) ? found : (words.get(found) ?? found),
  );
}
