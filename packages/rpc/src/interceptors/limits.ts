import { Failure, type FieldViolation } from '@gatehouse/failure';
import type { Interceptor } from './index.ts';

/** Refuses a request that breaks the limits which its fields declare, naming every field that is wrong. */
export const checkLimits: Interceptor = {
  name: 'limits',
  before(call, request) {
    if (request === undefined) return;
    const violations: FieldViolation[] = [];
    call.definition.validate(request, '', violations);
    if (violations.length > 0) throw fieldsInvalid(violations);
  },
};

/** The Failure that names fields which are wrong. */
export function fieldsInvalid(violations: readonly FieldViolation[]): Failure {
  const summary = violations.map(({ field, description }) => `${field} ${description}`).join('; ');
  return new Failure('invalid', 'FIELD_INVALID', `The request is not valid: ${summary}.`, { fields: violations });
}
