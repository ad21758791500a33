/** Names of gRPC status codes. */
export type GatehouseErrorCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED';

/** One field of a request that is wrong. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export interface GatehouseErrorDetails {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fields?: readonly FieldViolation[];
  readonly retryAfterMs?: number;
  readonly requestId?: string;
  readonly cause?: unknown;
}

/**
 * Why a call did not succeed. `code` and `reason` are stable, and there to be branched on; the message is for people.
 * None of it holds a token.
 */
export class GatehouseError extends Error {
  override readonly name = 'GatehouseError';
  readonly code: GatehouseErrorCode;
  /** What exactly: a reason that the RPC documents, such as SESSION_REVOKED, or one of the client's own. */
  readonly reason: string;
  /** Further facts, such as `revoked_reason`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields of the request that were wrong: the first of them, where `metadata.problems` says that there are more. */
  readonly fields: readonly FieldViolation[];
  /** How long to wait before the call is made again, when the server says so. Milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** What to look for in the server's log. */
  readonly requestId: string | undefined;

  constructor(code: GatehouseErrorCode, reason: string, message: string, details: GatehouseErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = reason;
    this.metadata = details.metadata ?? {};
    this.fields = details.fields ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.requestId = details.requestId;
  }
}

/**
 * Whether an error says that a credential is no good, rather than that nobody could tell. Only this justifies sending a
 * user back to the login; everything else is for the caller to report, or to try again.
 */
export function isRefusal(error: unknown): error is GatehouseError {
  return error instanceof GatehouseError && error.code === 'UNAUTHENTICATED';
}
