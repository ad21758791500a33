import { GatehouseError, isRefusal } from '../gatehouse-error.ts';
import type { Sessions } from '../sessions/open-sessions.ts';
import type { ValidateOptions } from '../sessions/open-validator.ts';
import type { ValidatedSession } from '../sessions/validated-session.ts';

/** The part of a client that a guard asks. */
export interface SessionsClient {
  readonly sessions: Pick<Sessions, 'peek' | 'validate'>;
}

/** What is asked of every request. */
export interface GuardOptions {
  /** Whether a request without a good session is refused: true when absent. Otherwise it passes as nobody's. */
  readonly required?: boolean;
  /** Least authentication level, from 1 to 3; 1 when absent. */
  readonly minimumLevel?: 1 | 2 | 3;
  /** See ValidateOptions; `bounded` when absent. */
  readonly freshness?: ValidateOptions['freshness'];
  /** Told why nobody could tell whether a session is good; the end user only learns that it is so. It must not throw. */
  readonly onUnavailable?: (error: unknown) => void;
}

/** What becomes of a request. */
export type Verdict =
  | { readonly outcome: 'session'; readonly session: ValidatedSession }
  | { readonly outcome: 'nobody' }
  | Refusal;

export interface Refusal {
  readonly outcome: 'refused';
  readonly why: 'credential' | 'level' | 'csrf' | 'unavailable';
  readonly reason: string;
  /** For people; holds nothing of the request. */
  readonly message: string;
  /** When to ask again, if nobody can tell. */
  readonly retryAfterMs: number;
}

/** Judges the token that `credential` finds or throws for. Answers in the same step where the session is in memory. */
export type Judge = (credential: () => string) => Verdict | Promise<Verdict>;

const RETRY_AFTER_MS = 1_000;
const NOBODY: Verdict = { outcome: 'nobody' };

/** Throws TypeError for options that contradict each other. */
export function createJudge({ sessions }: SessionsClient, options: GuardOptions): Judge {
  const { required = true, minimumLevel = 1, freshness = 'bounded', onUnavailable = () => {} } = options;
  if (!required && minimumLevel > 1) {
    throw new TypeError('Whoever may pass without a session would only have to leave it out: demand no level of it.');
  }
  const accept = (session: ValidatedSession): Verdict =>
    session.authenticationLevel < minimumLevel ? levelTooLow() : { outcome: 'session', session };
  const refuse = (error: unknown): Verdict => {
    if (!isRefusal(error)) {
      onUnavailable(error);
      return unavailable(error);
    }
    const { reason, message } = error;
    return required ? { outcome: 'refused', why: 'credential', reason, message, retryAfterMs: 0 } : NOBODY;
  };
  return (credential) => {
    try {
      const token = credential();
      const known = freshness === 'bounded' ? sessions.peek(token) : undefined;
      if (known) return accept(known);
      return sessions.validate(token, { freshness }).then(accept, refuse);
    } catch (error) {
      return refuse(error);
    }
  };
}

function levelTooLow(): Refusal {
  const message = 'The session has not the authentication level that is needed.';
  return { outcome: 'refused', why: 'level', reason: 'LEVEL_TOO_LOW', message, retryAfterMs: 0 };
}

function unavailable(error: unknown): Refusal {
  const retryAfterMs = (error instanceof GatehouseError ? error.retryAfterMs : undefined) ?? RETRY_AFTER_MS;
  const message = 'Whether the session is good can not be told at the moment.';
  return { outcome: 'refused', why: 'unavailable', reason: 'SESSION_UNAVAILABLE', message, retryAfterMs };
}
