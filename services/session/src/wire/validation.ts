import { type Failure, isFailure } from '@gatehouse/failure';
import { SessionValidation } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Encoded } from '@gatehouse/rpc';
import { toReasonMessage } from './session.ts';

/** Results that say the same are the same bytes. Their number is that of the reasons in the code. */
const encoded = new Map<string, Encoded>();

/** Whether a failed validation is a result that its caller gets: the token is refused, or it could not be told. */
export function isResult(error: unknown): error is Failure {
  return isFailure(error) && (error.kind === 'unauthenticated' || isUndecided(error));
}

/** Whether a result says that it could not be told: by no store, or because too much was asked in vain. */
export function isUndecided({ kind }: Failure): boolean {
  return kind === 'unavailable' || kind === 'deadline' || kind === 'limited';
}

/** A SessionValidation, and as well a StreamValidateSessionsResponse, that says why there is no session. */
export function toRefusal(failure: Failure): Encoded {
  const revokedReason = toReasonMessage(failure.metadata.revoked_reason);
  const key = `${failure.kind} ${failure.reason} ${revokedReason}`;
  const known = encoded.get(key);
  if (known) return known;
  const value = { reason: failure.reason, retryable: isUndecided(failure), revokedReason };
  const bytes = Buffer.from(SessionValidation.encode({ result: { $case: 'refusal', value } }).finish());
  encoded.set(key, bytes);
  return bytes;
}
