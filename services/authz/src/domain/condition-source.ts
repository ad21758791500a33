import { Failure } from '@gatehouse/failure';

/** The condition in a field can't be compiled. `start` is the offset of the first character that is wrong. */
export function conditionInvalid(field: string, why: string, start: number): Failure {
  return new Failure('invalid', 'CONDITION_INVALID', `The condition is not valid. ${why}`, {
    fields: [{ field, description: why }],
    metadata: { position: String(start) },
  });
}
