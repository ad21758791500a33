import { cancellation } from './cancellation.ts';

export interface LoadOptions<Given> {
  /**
   * Take part only in a load that starts from now on: it sees everything that was written until now. Otherwise any load
   * that is young enough will do.
   */
  readonly fresh: boolean;
  readonly signal: AbortSignal;
  /** What the load is given if it is one that begins for this caller. */
  readonly given: Given;
}

/** Loads that callers of the same id share. */
export interface Loads<T, Given = undefined> {
  /** Rejects with the load's error, or with Failure cancelled or deadline as soon as the caller's signal aborts. */
  run(id: string, options: LoadOptions<Given>): Promise<T>;
  /** Nobody joins the load of this id that is running any more. */
  detach(id: string): void;
  detachAll(): void;
}

export interface LoadsOptions<T, Given> {
  /** Its signal aborts when the last caller has gone. */
  readonly load: (id: string, signal: AbortSignal, given: Given) => Promise<T>;
  /** For how long after its start a load may still be joined. */
  readonly joinableMs: number;
  readonly nowMs: () => number;
}

interface Load<T, Given> {
  readonly given: Given;
  readonly result: PromiseWithResolvers<T>;
  readonly controller: AbortController;
  startedAtMs: number | undefined;
  waiters: number;
  /** The load that starts when this one ends, for callers who need a fresh one. */
  next: Load<T, Given> | undefined;
}

/** Shares loads: for each id one runs, and at most one waits behind it. Neither results nor errors are kept. */
export function shareLoads<T, Given = undefined>({ load, joinableMs, nowMs }: LoadsOptions<T, Given>): Loads<T, Given> {
  /** The load of each id that can be joined. */
  const running = new Map<string, Load<T, Given>>();

  const start = (id: string, one: Load<T, Given>) => {
    one.startedAtMs = nowMs();
    running.set(id, one);
    const settled = () => {
      if (running.get(id) === one) running.delete(id);
      startNext(id, one);
    };
    // Not load().then(): a load that throws before its first await is an error like any other.
    const loading = (async () => load(id, one.controller.signal, one.given))();
    loading.then(settled, settled);
    loading.then(one.result.resolve, one.result.reject);
  };
  const startNext = (id: string, one: Load<T, Given>) => {
    const { next } = one;
    one.next = undefined;
    if (next !== undefined && next.waiters > 0) start(id, next);
  };
  const detach = (id: string) => {
    const one = running.get(id);
    if (one === undefined) return;
    running.delete(id);
    startNext(id, one);
  };

  const find = (id: string, fresh: boolean, given: Given): Load<T, Given> => {
    const one = running.get(id);
    if (one?.startedAtMs === undefined) {
      const first = createLoad<T, Given>(given);
      start(id, first);
      return first;
    }
    if (!fresh && nowMs() - one.startedAtMs < joinableMs) return one;
    if (one.next === undefined || one.next.controller.signal.aborted) one.next = createLoad(given);
    return one.next;
  };

  return {
    run(id, { fresh, signal, given }) {
      if (signal.aborted) return Promise.reject(cancellation(signal));
      const one = find(id, fresh, given);
      return wait(one, signal, () => {
        // Whoever comes next must not join a load that was aborted.
        if (running.get(id) === one) detach(id);
        one.controller.abort();
      });
    },
    detach,
    detachAll() {
      for (const id of [...running.keys()]) detach(id);
    },
  };
}

function createLoad<T, Given>(given: Given): Load<T, Given> {
  const result = Promise.withResolvers<T>();
  // When every caller has gone, nobody is left to hear of an error.
  result.promise.catch(() => {});
  return { given, result, controller: new AbortController(), startedAtMs: undefined, waiters: 0, next: undefined };
}

function wait<T>(load: Load<T, unknown>, signal: AbortSignal, abandoned: () => void): Promise<T> {
  load.waiters += 1;
  return new Promise<T>((resolve, reject) => {
    const leave = () => {
      load.waiters -= 1;
      if (load.waiters === 0) abandoned();
      reject(cancellation(signal));
    };
    signal.addEventListener('abort', leave, { once: true });
    const settle = () => signal.removeEventListener('abort', leave);
    load.result.promise.then(settle, settle);
    load.result.promise.then(resolve, reject);
  });
}
