import { Failure, isFailure } from '@gatehouse/failure';

/** What an aborted call is told: the Failure that it was aborted with, else `deadline` or `cancelled`. */
export function abortFailure(signal: AbortSignal): Failure {
  const reason: unknown = signal.reason;
  if (isFailure(reason)) return reason;
  return reason instanceof DOMException && reason.name === 'TimeoutError'
    ? new Failure('deadline', 'DEADLINE_EXCEEDED', 'The deadline passed.', { cause: reason })
    : new Failure('cancelled', 'CANCELLED', 'The call was cancelled.', { cause: reason });
}

/** Settles as `work` does, but rejects at once when the signal is aborted; `work` then goes on unobserved. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortFailure(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
