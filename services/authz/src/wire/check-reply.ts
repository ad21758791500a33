import type { Verdict } from '@gatehouse/client/policy';
import type { Failure } from '@gatehouse/failure';
import { CheckResult, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import type { Encoded } from '@gatehouse/rpc';
import { isUndecided } from '../domain/undecided.ts';

const ALLOWED = encoded({ decision: Decision.DECISION_ALLOWED, undetermined: '', error: undefined });
const DENIED = encoded({ decision: Decision.DECISION_DENIED, undetermined: '', error: undefined });

/** A verdict, as the fields that CheckResponse, CheckResult and StreamCheckResponse have in common. */
export function toReply({ isAllowed, undetermined }: Verdict): Encoded {
  if (isAllowed) return ALLOWED;
  return undetermined === '' ? DENIED : encoded({ decision: Decision.DECISION_DENIED, undetermined, error: undefined });
}

/** A CheckResult, and as well a StreamCheckResponse, that says why there is no decision. */
export function toErrorReply(failure: Failure): Encoded {
  const error = { reason: failure.reason, message: failure.message, retryable: isUndecided(failure) };
  return encoded({ decision: Decision.DECISION_UNSPECIFIED, undetermined: '', error });
}

function encoded(result: CheckResult): Encoded {
  return Buffer.from(CheckResult.encode(result).finish());
}
