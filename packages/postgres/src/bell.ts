/** Wakes one who waits. A ring that nobody waits for is kept for the next wait. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or after this long. */
  wait(timeoutMs: number): Promise<void>;
}

/** A bell for one waiter at a time. */
export function createBell(): Bell {
  let hasRung = false;
  let wake = () => {};
  return {
    ring: () => {
      hasRung = true;
      wake();
    },
    wait: (timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => wake(), timeoutMs);
        wake = () => {
          clearTimeout(timer);
          wake = () => {};
          hasRung = false;
          resolve();
        };
        if (hasRung) wake();
      }),
  };
}
