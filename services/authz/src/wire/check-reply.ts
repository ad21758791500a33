import type { Verdict } from '@gatehouse/client/policy';
import { type Failure, isFailure } from '@gatehouse/failure';
import { CheckResult, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Encoded } from '@gatehouse/rpc';

const ALLOWED = encoded({ decision: Decision.DECISION_ALLOWED, undetermined: '', error: undefined });
const DENIED = encoded({ decision: Decision.DECISION_DENIED, undetermined: '', error: undefined });

/** A verdict, as the fields that CheckResponse, CheckResult and StreamCheckResponse have in common. */
export function toReply({ isAllowed, undetermined }: Verdict): Encoded {
  if (isAllowed) return ALLOWED;
  return undetermined === '' ? DENIED : encoded({ decision: Decision.DECISION_DENIED, undetermined, error: undefined });
}

/** Whether a failure is about one question and leaves the others of its batch or stream as they are. */
export function isOfOneQuestion(error: unknown): error is Failure {
  return isFailure(error) && (error.kind === 'invalid' || isUndecided(error));
}

/** Whether no store could tell. */
export function isUndecided({ kind }: Failure): boolean {
  return kind === 'unavailable' || kind === 'deadline';
}

/** A CheckResult, and as well a StreamCheckResponse, that says why there is no decision. */
export function toErrorReply(failure: Failure): Encoded {
  const error = { reason: failure.reason, message: failure.message, retryable: isUndecided(failure) };
  return encoded({ decision: Decision.DECISION_UNSPECIFIED, undetermined: '', error });
}

function encoded(result: CheckResult): Encoded {
  return Buffer.from(CheckResult.encode(result).finish());
}
