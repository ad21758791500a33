import { Failure, isFailure } from '@gatehouse/failure';

/** The Failure that an aborted signal stands for: its reason if that is one, else `deadline` or `cancelled`. */
export function cancellation(signal: AbortSignal): Failure {
  const reason: unknown = signal.reason;
  if (isFailure(reason)) return reason;
  if (reason instanceof DOMException && reason.name === 'TimeoutError') {
    return new Failure('deadline', 'DEADLINE_EXCEEDED', 'The deadline of the call has passed.');
  }
  return new Failure('cancelled', 'CANCELLED', 'The caller has cancelled the call.', { cause: reason });
}
