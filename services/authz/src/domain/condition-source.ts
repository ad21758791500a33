import { Failure } from '@gatehouse/failure';

/** Where a condition is wrong: offset of the first character, and the same as people count, from 1. */
export interface ConditionPlace {
  readonly start: number;
  readonly line: number;
  readonly column: number;
}

/** The condition in a field can't be compiled. */
export function conditionInvalid(field: string, why: string, { start, line, column }: ConditionPlace): Failure {
  return new Failure('invalid', 'CONDITION_INVALID', `The condition is not valid. ${why}`, {
    fields: [{ field, description: `${why} (line ${line}, column ${column})` }],
    metadata: { position: String(start), line: String(line), column: String(column) },
  });
}
