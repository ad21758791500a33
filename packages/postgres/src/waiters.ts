import { abortFailure } from './abort.ts';
import { unavailable } from './errors.ts';
import { startLimit } from './limit.ts';

/** Callers that wait for something scarce, served in the order in which they came. */
export interface Waiters<T> {
  readonly size: number;
  /**
   * Waits for a turn. Rejects with Failure `unavailable` when it does not come in time or too many wait already, and at
   * once when the signal is aborted.
   */
  wait(signal: AbortSignal | undefined): Promise<T>;
  /** Serves the one who has waited longest; false when nobody waits. */
  serve(value: T): boolean;
  failAll(error: Error): void;
}

interface Waiter<T> {
  serve(value: T): void;
  fail(error: Error): void;
}

/** An empty queue of at most `maxWaiters`, each of which waits at most `timeoutMs`. */
export function createWaiters<T>(maxWaiters: number, timeoutMs: number): Waiters<T> {
  const waiters = new Set<Waiter<T>>();

  const wait = (signal: AbortSignal | undefined) =>
    new Promise<T>((resolve, reject) => {
      if (waiters.size >= maxWaiters) {
        reject(unavailable('Too many calls wait for a Postgres connection.'));
        return;
      }
      // Leaves before it settles: a value served to one who has given up would be lost.
      const leave = () => {
        waiters.delete(waiter);
        callOff();
        signal?.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter<T> = {
        serve: (value) => {
          leave();
          resolve(value);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = () => signal && waiter.fail(abortFailure(signal));
      const callOff = startLimit(timeoutMs, () =>
        waiter.fail(unavailable('No Postgres connection became free in time.')),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      waiters.add(waiter);
    });

  return {
    get size() {
      return waiters.size;
    },
    wait,
    serve: (value) => {
      const [first] = waiters;
      first?.serve(value);
      return first !== undefined;
    },
    failAll: (error) => {
      for (const waiter of waiters) waiter.fail(error);
    },
  };
}
