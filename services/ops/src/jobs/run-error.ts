import { type Failure, isFailure } from '@gatehouse/failure';
import type { RunError } from '../domain/run.ts';

/** Failures that say how a run went, and not that something else did not answer. */
export function isVerdict(error: unknown): error is Failure {
  return isFailure(error) && error.kind === 'precondition';
}

/** What the row of a run tells of an error. */
export function toRunError(error: Failure): RunError {
  return { code: error.reason, message: error.message };
}
