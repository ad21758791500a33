import { type Condition, compileCondition } from '../condition/condition.ts';
import { ConditionError } from '../condition/condition-error.ts';
import { boundedMap } from '../memory/bounded-map.ts';

/** Why a condition can't be compiled, and where. */
export interface ConditionProblem {
  readonly message: string;
  /** Of the first character that is wrong, in UTF-16 code units; 0 is the first. */
  readonly offset: number;
  /** The same place for people; both count from 1. */
  readonly line: number;
  readonly column: number;
}

/** Most conditions that can't be compiled of which that is remembered, by their source. */
const UNREADABLE_MAX = 10_000;

const unreadable = boundedMap<Condition>(UNREADABLE_MAX);
const problems = new WeakMap<Condition, ConditionProblem>();

/**
 * The condition of something that is stored: undefined for none. Never throws: one that this version can't compile, which
 * another version has stored, is undetermined, and says so. The same source gives the same object.
 */
export function storedCondition(source: string): Condition | undefined {
  if (source === '') return undefined;
  const known = unreadable.get(source);
  if (known) return known;
  try {
    return compileCondition(source);
  } catch (error) {
    const condition = undetermined(source, problemFrom(error));
    unreadable.set(source, condition);
    return condition;
  }
}

/** Why this version can't compile a condition that `storedCondition` has given; undefined when it can. */
export function problemOf(condition: Condition | undefined): ConditionProblem | undefined {
  return condition && problems.get(condition);
}

/** In all else it is as a condition that looks at nothing. */
function undetermined(source: string, problem: ConditionProblem): Condition {
  const { message, line, column } = problem;
  const why = `This version can't read the condition (line ${line}, column ${column}): ${message} Give another one in its place.`;
  const outcome = { outcome: 'undetermined', why } as const;
  const condition: Condition = { ...compileCondition('false'), source, evaluate: () => outcome, facts: () => [] };
  problems.set(condition, problem);
  return condition;
}

function problemFrom(error: unknown): ConditionProblem {
  if (!(error instanceof ConditionError)) return { message: 'It failed.', offset: 0, line: 1, column: 1 };
  const { message, start, line, column } = error;
  return { message, offset: start, line, column };
}
