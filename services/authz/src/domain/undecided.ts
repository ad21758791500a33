import { type Failure, isFailure } from '@gatehouse/failure';

/** Whether a failure is about one question and leaves the others of its batch or stream as they are. */
export function isOfOneQuestion(error: unknown): error is Failure {
  return isFailure(error) && (error.kind === 'invalid' || isUndecided(error));
}

/** Whether no store could tell. */
export function isUndecided({ kind }: Failure): boolean {
  return kind === 'unavailable' || kind === 'deadline';
}
