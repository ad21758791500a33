import { Failure } from '@gatehouse/failure';

/** Kept back from a deadline, so that what is known by then can still be answered. Milliseconds. */
export const ANSWER_MARGIN_MS = 20;

/** A timer takes what is longer for one millisecond. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The time that the lookups behind one answer have. */
export interface TimeLeft {
  /** Aborted with the call, or when the time is up; its reason is a Failure. */
  readonly signal: AbortSignal;
  /** Lets go of the call and the timer. */
  end(): void;
}

/**
 * Ends lookups a little before their call does: at most by the margin, or by half of the time where that is less. With
 * `atMostMs` they end after that time if it is sooner.
 */
export function timeLeft(
  call: { readonly signal: AbortSignal; readonly deadlineMs: number },
  atMostMs = Number.POSITIVE_INFINITY,
): TimeLeft {
  const controller = new AbortController();
  const remainingMs = Math.max(0, call.deadlineMs - Date.now());
  const answeredMs = remainingMs - Math.min(ANSWER_MARGIN_MS, remainingMs / 2);
  const waitMs = Math.min(atMostMs, answeredMs, TIMER_MS_MAX);
  const timer = setTimeout(() => controller.abort(timeUp()), waitMs);
  const callEnded = () => controller.abort(call.signal.reason);
  if (call.signal.aborted) callEnded();
  else call.signal.addEventListener('abort', callEnded);
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      call.signal.removeEventListener('abort', callEnded);
    },
  };
}

function timeUp(): Failure {
  return new Failure('deadline', 'DEADLINE_EXCEEDED', 'There was no time left to find it out.');
}
