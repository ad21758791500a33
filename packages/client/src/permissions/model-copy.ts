import type { Model } from '../policy/index.ts';

/** The model as it was read. */
export interface KnownModel {
  readonly model: Model;
  /** Whether this version can read all of its conditions. */
  readonly isReadable: boolean;
}

/** The model in the memory of this process, read again whenever it has changed. */
export interface ModelCopy {
  /** The caller makes sure of its freshness. undefined: it is not known, or has changed since. */
  readonly current: KnownModel | undefined;
  /** Reads it, unless it is known or being read. */
  want(): void;
  /** It has changed, and this is its revision since. */
  changed(revision: bigint): void;
  /** It may have changed; it is read again when it is wanted. */
  reset(): void;
  stop(): void;
}

export interface ModelCopyOptions {
  /** Reads the model, as it is when this is called or later. */
  readonly read: () => Promise<KnownModel>;
  readonly onWarning: (error: Error) => void;
}

const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 2_000;
/** Between two readings, so that many changes in a row are not as many readings of everything. Milliseconds. */
const PAUSE_MS = 50;

export function createModelCopy({ read, onWarning }: ModelCopyOptions): ModelCopy {
  let current: KnownModel | undefined;
  /** How often it has changed: a reading that began before the last change is of no use. */
  let changes = 0;
  let isReading = false;
  let isStopped = false;
  let again: NodeJS.Timeout | undefined;
  let backoffMs = BACKOFF_MS;

  const readLater = (inMs: number) => {
    clearTimeout(again);
    again = setTimeout(() => void readNow(), inMs);
  };
  const readNow = async (): Promise<void> => {
    again = undefined;
    isReading = true;
    const changesBefore = changes;
    try {
      const found = await read();
      backoffMs = BACKOFF_MS;
      if (changesBefore === changes && !isStopped) current = found;
      else if (!isStopped) readLater(PAUSE_MS);
    } catch (error) {
      if (isStopped) return;
      onWarning(error as Error);
      readLater(backoffMs * (0.5 + Math.random() / 2));
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX);
    } finally {
      isReading = false;
    }
  };
  const want = () => {
    if (current || isReading || again || isStopped) return;
    void readNow();
  };
  const reset = () => {
    changes += 1;
    current = undefined;
  };
  return {
    get current() {
      return current;
    },
    want,
    changed(revision) {
      if (current && current.model.revision >= revision) return;
      reset();
      want();
    },
    reset,
    stop() {
      isStopped = true;
      clearTimeout(again);
      reset();
    },
  };
}
