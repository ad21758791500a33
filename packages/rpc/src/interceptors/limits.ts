import { Failure, type FieldViolation } from '@gatehouse/failure';
import type { Method } from '../method.ts';
import type { Interceptor } from './index.ts';

/** Refuses a request that breaks the limits which its fields declare, naming every field that is wrong. */
export const checkLimits: Interceptor = {
  name: 'limits',
  before(call, request) {
    if (request !== undefined) holdToLimits(call.definition, request);
  },
};

/** Throws the Failure that names every field of the message which breaks its limits. */
export function holdToLimits(method: Method, message: unknown): void {
  const violations: FieldViolation[] = [];
  method.validate(message, '', violations);
  if (violations.length > 0) throw fieldsInvalid(violations);
}

/** The Failure that names fields which are wrong. */
export function fieldsInvalid(violations: readonly FieldViolation[]): Failure {
  const summary = violations.map(({ field, description }) => `${field} ${description}`).join('; ');
  return new Failure('invalid', 'FIELD_INVALID', `The request is not valid: ${summary}.`, { fields: violations });
}
