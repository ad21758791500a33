import { Failure, type FieldViolation } from '@gatehouse/failure';
import type { Method } from '../method.ts';
import { Violations } from '../rules/violations.ts';
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
  const violations = new Violations();
  method.validate(message, '', violations);
  if (violations.count > 0) throw fieldsInvalid(violations.named, violations.count);
}

/** Most characters with which the sentence of an error names fields, unless it is one field. Its details name more. */
const SAID_LENGTH_MAX = 600;

/** The Failure that names fields which are wrong, of `count` that are. */
export function fieldsInvalid(violations: readonly FieldViolation[], count = violations.length): Failure {
  const summary = summaryOf(violations, count);
  return new Failure('invalid', 'FIELD_INVALID', `The request is not valid: ${summary}.`, {
    fields: violations,
    fieldCount: count,
  });
}

function summaryOf(violations: readonly FieldViolation[], count: number): string {
  const said: string[] = [];
  let left = SAID_LENGTH_MAX;
  for (const { field, description } of violations) {
    const sentence = `${field} ${description}`;
    left -= sentence.length;
    if (left < 0 && said.length > 0) break;
    said.push(sentence);
  }
  if (said.length < count) said.push(`and ${count - said.length} more`);
  return said.join('; ');
}
