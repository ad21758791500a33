import type { ASTNode } from '@marcbachmann/cel-js';
import { type ConditionInput, ENVIRONMENT, programVariablesOf, variablesOf } from './condition-environment.ts';
import { ConditionError } from './condition-error.ts';
import { factsOf } from './condition-facts.ts';
import { checkShape } from './condition-shape.ts';

/** What came of a condition: it holds, it does not, or what it needs is not there. */
export type Outcome = 'true' | 'false' | 'undetermined';

/** A condition in CEL, compiled. */
export interface Condition {
  readonly source: string;
  /** Never throws. `why` is set when it is undetermined. */
  evaluate(input: ConditionInput): { readonly outcome: Outcome; readonly why: string };
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
 * Compiles a condition once: the same source gives the same object. What it may cost is bounded before it runs: length,
 * nodes and depth are limited, macros do not nest, and what could make a short expression run for long is not there; see
 * condition-shape.ts. Throws ConditionError.
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
    throw new ConditionError(`It is longer than ${CONDITION_CHARACTERS_MAX} characters.`, 0, source.length);
  }
  const program = parse(source);
  checkShape(program.ast);
  const { valid, type, error } = ENVIRONMENT.check(source);
  if (!valid) throw refusal(error, source);
  if (String(type) !== 'bool' && String(type) !== 'dyn') {
    throw new ConditionError(`It is of type ${String(type)}, not bool.`, 0, source.length);
  }
  const paths = factsOf(program.ast);
  return {
    source,
    evaluate(input) {
      try {
        const value: unknown = program(programVariablesOf(input));
        if (value === true) return HOLDS;
        if (value === false) return HOLDS_NOT;
        return { outcome: 'undetermined', why: `It gave ${typeof value}, not a bool.` };
      } catch (error) {
        return { outcome: 'undetermined', why: `${summaryOf(error)}.` };
      }
    },
    facts: (input) => paths.map((path) => path.read(variablesOf(input))),
  };
}

function parse(source: string): ((variables: Record<string, unknown>) => unknown) & { readonly ast: ASTNode } {
  try {
    return ENVIRONMENT.parse(source);
  } catch (error) {
    throw refusal(error, source);
  }
}

function refusal(error: unknown, source: string): ConditionError {
  const range = (error as { range?: { start: number; end: number } } | undefined)?.range;
  return new ConditionError(`${summaryOf(error)}.`, range?.start ?? 0, range?.end ?? source.length);
}

/** Errors of the library carry a sentence without the source beside their message. */
function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return 'It failed';
  const { summary } = error as Error & { summary?: string };
  return (summary ?? error.message).replace(/\.$/, '').slice(0, 200);
}
