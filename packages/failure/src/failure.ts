/** What went wrong, in terms a caller can act on. Each kind has exactly one gRPC status code. */
export type FailureKind =
  | 'invalid'
  | 'unauthenticated'
  | 'denied'
  | 'missing'
  | 'taken'
  | 'conflict'
  | 'precondition'
  | 'limited'
  | 'unavailable'
  | 'cancelled'
  | 'deadline';

/** One thing that is wrong with one field of a request. */
export interface FieldViolation {
  /** Path of the field as the proto names it, such as `origin.ip_address` or `events[3].event_id`. */
  readonly field: string;
  /** What is wrong, for people. It never repeats the value. */
  readonly description: string;
  /** UPPER_SNAKE name of the rule that was broken. */
  readonly reason?: string;
}

/** What a Failure can carry besides its reason. */
export interface FailureDetails {
  readonly fields?: readonly FieldViolation[];
  /** How many fields are wrong, where `fields` does not name them all. */
  readonly fieldCount?: number;
  /** Facts that a caller may branch on. Never a secret. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** After how many milliseconds the same call may succeed. */
  readonly retryAfterMs?: number;
  /** What caused it; logged, never sent. */
  readonly cause?: unknown;
}

/**
 * An error that a caller is told about. `reason` is contract (UPPER_SNAKE, stable); `message` is a sentence for people
 * and holds no secret. Anything thrown that is not a Failure is answered as INTERNAL with nothing of its text.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  readonly reason: string;
  readonly fields: readonly FieldViolation[];
  readonly fieldCount: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;

  constructor(kind: FailureKind, reason: string, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.reason = reason;
    this.fields = details.fields ?? [];
    this.fieldCount = details.fieldCount ?? this.fields.length;
    this.metadata = details.metadata ?? {};
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Whether an error is a Failure and, if `reason` is given, has that reason. */
export function isFailure(error: unknown, reason?: string): error is Failure {
  return error instanceof Failure && (reason === undefined || error.reason === reason);
}
