import { abortedBy, outOfTime } from '../channel/error-details.ts';

/** Who waits for an answer that others may wait for as well. */
export interface Caller {
  readonly signal: AbortSignal | undefined;
  /** How long this caller waits, where that is not as long as everybody. Milliseconds. */
  readonly timeoutMs: number | undefined;
}

/**
 * The shared promise as one caller sees it: it rejects when the caller aborts or has waited long enough, and `left` is
 * called once, when the caller does not wait any more.
 */
export function wait<T>(shared: Promise<T>, { signal, timeoutMs }: Caller, left: () => void): Promise<T> {
  if (signal === undefined && timeoutMs === undefined) return shared;
  return new Promise((resolve, reject) => {
    let isWaiting = true;
    const leave = () => {
      if (!isWaiting) return;
      isWaiting = false;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      left();
    };
    const abort = () => {
      leave();
      reject(signal ? abortedBy(signal) : undefined);
    };
    const giveUp = () => {
      leave();
      reject(outOfTime());
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
    signal?.addEventListener('abort', abort);
    shared.then(
      (value) => {
        leave();
        resolve(value);
      },
      (error: unknown) => {
        leave();
        reject(error);
      },
    );
  });
}
