import { openSessionRequests } from './open-session-requests.ts';
import {
  openValidator,
  type SessionStatistics,
  type ValidateOptions,
  type ValidatorOptions,
} from './open-validator.ts';
import type { SessionRequests } from './session-requests.ts';
import type { ValidatedSession } from './validated-session.ts';

/** Everything about sessions. */
export interface Sessions extends SessionRequests {
  /**
   * The session of a token, if this process knows it to be good without asking anybody: no promise, no allocation. It is
   * undefined for every other token, good or bad; then `validate` tells.
   */
  peek(token: string): ValidatedSession | undefined;
  /**
   * The session of a token. Rejects with GatehouseError: UNAUTHENTICATED (see `isRefusal`) with SESSION_TOKEN_INVALID,
   * SESSION_EXPIRED, SESSION_IDLE or SESSION_REVOKED (and `metadata.revoked_reason`); UNAVAILABLE or DEADLINE_EXCEEDED
   * when nobody could tell, which is no refusal; RESOURCE_EXHAUSTED with CLIENT_QUEUE_FULL when too many are waited for;
   * INVALID_ARGUMENT with CONSISTENCY_TOKEN_INVALID; CANCELLED when the caller or `close` has given up.
   */
  validate(token: string, options?: ValidateOptions): Promise<ValidatedSession>;
  statistics(): SessionStatistics;
}

export function openSessions(options: ValidatorOptions): { readonly sessions: Sessions; close(): void } {
  const validator = openValidator(options);
  const { peek, validate, statistics, close } = validator;
  return { sessions: { peek, validate, statistics, ...openSessionRequests(options.channel, validator) }, close };
}
