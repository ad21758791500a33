import { asked, forget } from './asked.ts';
import { compileExpression, type Program } from './compile-expression.ts';
import { ConditionError } from './condition-error.ts';
import type { ConditionInput } from './condition-input.ts';
import { factsOf } from './facts.ts';
import { kindOf } from './kinds.ts';
import { startMeter, stepsTaken, TOO_MANY_STEPS } from './meter.ts';
import { type OpenFact, openFactsOf } from './reach.ts';
import { readExpression } from './read.ts';
import { EVALUATION_STEPS_MAX, type StepCount } from './steps.ts';
import { toText } from './types.ts';
import { Failed, type Value } from './values.ts';

/** What came of a condition: it holds, it does not, or what it needs is not there. */
export type Outcome = 'true' | 'false' | 'undetermined';

/** A condition in CEL, compiled. */
export interface Condition {
  readonly source: string;
  /** What of a question that may be left open it may look at. */
  readonly openFacts: ReadonlySet<OpenFact>;
  /** Never throws. `why` is set when it is undetermined. What it took is added to `count`. */
  evaluate(input: ConditionInput, count?: StepCount): { readonly outcome: Outcome; readonly why: string };
  /** What it looks at, with the values of this input, as `resource.owner` and JSON of at most 200 characters. */
  facts(input: ConditionInput): readonly { readonly name: string; readonly value: string }[];
}

/** Most characters of a condition. */
export const CONDITION_CHARACTERS_MAX = 1_024;
/** Most compiled conditions that are kept, by their source. */
const COMPILED_MAX = 10_000;

const HOLDS = { outcome: 'true', why: '' } as const;
const HOLDS_NOT = { outcome: 'false', why: '' } as const;
const compiled = new Map<string, Condition>();

/**
 * Compiles a condition once: the same source gives the same object. Its length, nodes and depth are limited here, what it may
 * take when it runs by the steps that it pays for. Throws ConditionError.
 */
export function compileCondition(source: string): Condition {
  const known = compiled.get(source);
  if (known) return known;
  const condition = compile(source);
  if (compiled.size >= COMPILED_MAX) compiled.delete(compiled.keys().next().value ?? '');
  compiled.set(source, condition);
  return condition;
}

function compile(source: string): Condition {
  if (source.length > CONDITION_CHARACTERS_MAX) {
    throw new ConditionError(`It is longer than ${CONDITION_CHARACTERS_MAX} characters.`, source, 0, source.length);
  }
  const tree = readExpression(source);
  const program = compileExpression(tree, source);
  const { type } = program;
  if (type.kind !== 'bool' && type.kind !== 'dyn') {
    throw new ConditionError(`It is of type ${toText(type)}, not bool.`, source, 0, source.length);
  }
  const facts = factsOf(tree);
  return {
    source,
    openFacts: openFactsOf(tree),
    evaluate: (input, count) => toOutcome(evaluate(program, input, count)),
    facts: (input) => facts.map((fact) => fact.read(input)),
  };
}

const TOO_MANY = new Failed(TOO_MANY_STEPS.message);

function evaluate(program: Program, input: ConditionInput, count: StepCount | undefined): Value | Failed {
  asked.input = input;
  startMeter(EVALUATION_STEPS_MAX);
  try {
    return program.run();
  } catch (error) {
    // What was reached in the middle of a macro is not kept until the next evaluation.
    for (const slot of program.slots) slot.value = null;
    return error === TOO_MANY_STEPS ? TOO_MANY : new Failed('It failed');
  } finally {
    forget();
    if (count) count.steps += stepsTaken();
  }
}

function toOutcome(value: Value | Failed): ReturnType<Condition['evaluate']> {
  if (value === true) return HOLDS;
  if (value === false) return HOLDS_NOT;
  const why = value instanceof Failed ? `${value.why}.` : `It gave ${kindOf(value)}, not a bool.`;
  return { outcome: 'undetermined', why };
}
