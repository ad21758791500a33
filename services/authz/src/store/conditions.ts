import { type Condition, ConditionError, compileCondition } from '@gatehouse/client/policy';
import { conditionInvalid } from '../domain/condition-source.ts';

/**
 * The condition of a row: undefined for none. One that can't be compiled, which only another version of the service can
 * have stored, is never known to hold.
 */
export function conditionOf(source: string): Condition | undefined {
  if (source === '') return undefined;
  try {
    return compileCondition(source);
  } catch (error) {
    const why = `The condition can't be read: ${(error as Error).message}`;
    return { source, openFacts: new Set(), evaluate: () => ({ outcome: 'undetermined', why }), facts: () => [] };
  }
}

/** Throws Failure `invalid` CONDITION_INVALID for a condition that can't be compiled. */
export function assertCondition(field: string, source: string): void {
  if (source === '') return;
  try {
    compileCondition(source);
  } catch (error) {
    throw error instanceof ConditionError ? conditionInvalid(field, error.message, error.start) : error;
  }
}

/** What is wrong with a condition, as a sentence; undefined when it can be compiled. */
export function conditionProblem(source: string): string | undefined {
  try {
    compileCondition(source);
    return undefined;
  } catch (error) {
    if (error instanceof ConditionError) return error.message;
    throw error;
  }
}
