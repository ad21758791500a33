import { type Condition, ConditionError, compileCondition } from '../policy/index.ts';
import type { FieldReader } from './fields.ts';
import { offsetInScalar } from './offset-in-scalar.ts';
import type { Value } from './read-yaml.ts';

/** A condition in CEL; undefined when there is none, or when it is wrong. */
export function readCondition(reader: FieldReader, value: Value | undefined, what: string): Condition | undefined {
  // `condition: true` is a condition too.
  const isFlag = value?.kind === 'scalar' && typeof value.value === 'boolean';
  const text = isFlag ? { ...value, value: String(value.value) } : reader.textValue(value, what);
  if (!text) return undefined;
  try {
    return compileCondition(text.value);
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    const at = offsetInScalar(text, error.start);
    reader.problems.add(at, 'BAD_CONDITION', `${what} is wrong. ${error.message}`);
    return undefined;
  }
}
