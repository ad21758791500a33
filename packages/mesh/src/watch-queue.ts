/** Messages of one watch on their way to its reader. */
export interface WatchQueue extends AsyncIterable<Buffer> {
  /** Takes a message, or says false when there is no room. After the end it takes nothing and says true. */
  push(message: Buffer): boolean;
  /** Resolves once there is room for so many messages, or nothing is taken any more. For one who waits at a time. */
  room(messages: number): Promise<void>;
  /** Ends the reading after what is queued; with an error at once. Only the first end counts. */
  end(error?: unknown): void;
}

/** A queue of at most `messagesMax` messages, for one reader. */
export function watchQueue(messagesMax: number): WatchQueue {
  const queued: Buffer[] = [];
  let ended: { readonly error: unknown } | undefined;
  let wake = () => {};
  let makeRoom = () => {};
  return {
    push(message) {
      if (ended) return true;
      if (queued.length >= messagesMax) return false;
      queued.push(message);
      wake();
      return true;
    },
    async room(messages) {
      while (!ended && queued.length + messages > messagesMax) {
        await new Promise<void>((resolve) => {
          makeRoom = resolve;
        });
      }
    },
    end(error) {
      if (ended) return;
      ended = { error };
      if (error !== undefined) queued.length = 0;
      makeRoom();
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const message = queued.shift();
        if (message) {
          makeRoom();
          yield message;
          continue;
        }
        if (ended?.error !== undefined) throw ended.error;
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
