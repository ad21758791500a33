import type { Verdict } from '@gatehouse/client/policy';
import type { Failure, FieldViolation } from '@gatehouse/failure';
import { isUndecided } from '../domain/undecided.ts';
import type { Replies } from '../edge/decide-all.ts';

/** A permitted decision (AuthZEN, section 5.5). */
export const PERMITTED = '{"decision":true}';
const DENIED = '{"decision":false}';
/** The reason where something that is named can't exist here. */
export const NOTHING_CAN_MATCH = 'NOTHING_CAN_MATCH';

/** Decisions in JSON. What can't be decided is denied, and the context says why. */
export const decisionJson: Replies<string> = {
  of({ isAllowed, undetermined }: Verdict) {
    if (isAllowed) return PERMITTED;
    return undetermined === '' ? DENIED : explained('UNDETERMINED', undetermined);
  },
  ofError(failure: Failure) {
    const { reason, message } = failure;
    return denial({ error: { status: isUndecided(failure) ? 503 : 400, message, reason } });
  },
};

/** The denial of what is well formed and names what can't exist here, such as a subject of another type. */
export function unmatchedJson({ field, description }: FieldViolation): string {
  return explained(NOTHING_CAN_MATCH, `${field} ${description}.`);
}

/** A decision for which something was not known: the answer of a denial may differ when it is. */
export function withUnknown(decision: string, unknown: string): string {
  return unknown !== '' && decision === DENIED ? explained('UNDETERMINED', unknown) : decision;
}

function explained(reason: string, why: string): string {
  return denial({ reason, reason_admin: { '403': why } });
}

function denial(context: object): string {
  return JSON.stringify({ decision: false, context });
}
