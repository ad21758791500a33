import { ConditionError, compileCondition } from '@gatehouse/client/policy';
import { conditionInvalid } from '../domain/condition-source.ts';

/** Throws Failure `invalid` CONDITION_INVALID for a condition that can't be compiled. */
export function assertCondition(field: string, source: string): void {
  if (source === '') return;
  try {
    compileCondition(source);
  } catch (error) {
    throw error instanceof ConditionError ? conditionInvalid(field, error.message, error) : error;
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
