/** Lets a bounded number of works run at once and a bounded number wait, first come first served. */
export interface AdmissionQueue {
  /**
   * Runs the work as soon as there is room. Rejects with `full()` at once when too many wait, and with the signal's
   * reason when it aborts before the work has begun; work that has begun is run to its end.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  readonly waiting: number;
}

export interface AdmissionOptions {
  readonly concurrency: number;
  readonly waitingMax: number;
  /** Makes the error for work that is not admitted. */
  readonly full: (waiting: number) => Error;
}

/** An empty queue. */
export function admissionQueue({ concurrency, waitingMax, full }: AdmissionOptions): AdmissionQueue {
  const line = new Set<() => void>();
  let running = 0;

  const admit = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (running < concurrency) {
        running += 1;
        return resolve();
      }
      if (line.size >= waitingMax) return reject(full(line.size));
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        line.delete(enter);
        reject(signal.reason);
      };
      line.add(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  const release = () => {
    const [next] = line;
    if (!next) {
      running -= 1;
      return;
    }
    // The place passes on without being given up, so that nobody who comes later gets in between.
    line.delete(next);
    next();
  };
  return {
    async run(work, signal) {
      signal.throwIfAborted();
      await admit(signal);
      try {
        signal.throwIfAborted();
        return await work();
      } finally {
        release();
      }
    },
    get waiting() {
      return line.size;
    },
  };
}
