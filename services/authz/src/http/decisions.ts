import type { Verdict } from '@gatehouse/client/policy';
import type { Failure } from '@gatehouse/failure';
import { isUndecided } from '../domain/undecided.ts';
import type { Replies } from '../edge/decide-all.ts';

/** A permitted decision (AuthZEN, section 5.5). */
export const PERMITTED = '{"decision":true}';
const DENIED = '{"decision":false}';

/** Decisions in JSON. What can't be decided is denied, and the context says why. */
export const decisionJson: Replies<string> = {
  of({ isAllowed, undetermined }: Verdict) {
    if (isAllowed) return PERMITTED;
    return undetermined === '' ? DENIED : denial({ reason: 'UNDETERMINED', reason_admin: { '403': undetermined } });
  },
  ofError(failure: Failure) {
    const { reason, message } = failure;
    return denial({ error: { status: isUndecided(failure) ? 503 : 400, message, reason } });
  },
};

function denial(context: object): string {
  return JSON.stringify({ decision: false, context });
}
