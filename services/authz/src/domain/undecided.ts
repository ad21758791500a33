import { type Failure, isFailure } from '@gatehouse/failure';

/** Whether a failure is about one question and leaves the others of its batch or stream as they are. */
export function isOfOneQuestion(error: unknown): error is Failure {
  return (
    isFailure(error) && (error.kind === 'invalid' || error.reason === 'QUESTION_STEPS_TOO_MANY' || isUndecided(error))
  );
}

/** Whether nobody could tell, so that asking again may help: no store answered in time, or too much was under way. */
export function isUndecided({ kind, retryAfterMs }: Failure): boolean {
  return kind === 'unavailable' || kind === 'deadline' || (kind === 'limited' && retryAfterMs !== undefined);
}

/** Whether conditions took more steps than they may, for the question or for all of a request: asking again does not help. */
export function isBeyondSteps(error: unknown): error is Failure {
  return isFailure(error, 'QUESTION_STEPS_TOO_MANY') || isFailure(error, 'REQUEST_STEPS_TOO_MANY');
}
