import type { Verdict } from '../policy/index.ts';
import type { PermissionQuestion } from './permission-question.ts';

/** How new an answer from memory must be. */
export interface PeekOptions {
  /**
   * A token that a change has returned, or that of a session (`authzToken`): the answer takes that change into account.
   * Memory answers if it does; nobody has to be asked because there is a token.
   */
  readonly consistencyToken?: string;
}

/** How a question is to be answered. */
export interface CheckOptions extends PeekOptions {
  /**
   * `bounded`, the default, may be answered from memory: of this process, or of an instance of the service. A change is
   * then seen within the bound. `strict` has the service read its database.
   */
  readonly freshness?: 'bounded' | 'strict';
  /** Gives up for this caller alone. */
  readonly signal?: AbortSignal;
  /** How long this caller waits, at most 60,000. Milliseconds. */
  readonly timeoutMs?: number;
}

/** Everything about permissions. */
export interface Permissions {
  /**
   * The answer, if this process knows it without asking anybody and without making others wait: no promise, no allocation.
   * undefined is no denial; then `check` tells.
   */
  peek(question: PermissionQuestion, options?: PeekOptions): Verdict | undefined;
  /**
   * Whether the user holds the permission. A denial is an answer. Rejects with GatehouseError: INVALID_ARGUMENT with
   * FIELD_INVALID or CONSISTENCY_TOKEN_INVALID; UNAVAILABLE or DEADLINE_EXCEEDED when nobody could tell, which is no denial;
   * RESOURCE_EXHAUSTED with CLIENT_QUEUE_FULL when too many are waited for, with QUESTION_STEPS_TOO_MANY when the conditions
   * that the answer depends on take too much, and with CONDITIONS_BUSY when too many questions wait for their conditions; CANCELLED when the caller or `close` has given
   * up; FAILED_PRECONDITION with AUTHZ_ADDRESS_MISSING when the client was not told where authz is.
   */
  check(question: PermissionQuestion, options?: CheckOptions): Promise<Verdict>;
  statistics(): PermissionStatistics;
}

/** What the client has done, for metrics. */
export interface PermissionStatistics {
  /** Users in memory. */
  readonly remembered: number;
  /** Users and questions that the service is being asked about. */
  readonly pending: number;
  /** Checks answered from memory, since the client was connected. */
  readonly hits: number;
  /** Calls to have the service decide, of up to 500 questions each, since the client was connected. */
  readonly batches: number;
  /** Whether checks may be answered from memory at this moment. */
  readonly isCurrent: boolean;
}
