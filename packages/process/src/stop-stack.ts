import type { Logger } from './logger.ts';

/** Things to stop, in the reverse of the order in which they were started. */
export interface StopStack {
  add(name: string, stop: () => Promise<void> | void): void;
  /** Stops everything, once; a part that fails is logged and the rest is stopped all the same. */
  stop(): Promise<void>;
}

/** An empty StopStack. */
export function stopStack(logger: Logger): StopStack {
  const parts: { name: string; stop: () => Promise<void> | void }[] = [];
  let stopped: Promise<void> | undefined;
  const stopAll = async () => {
    for (let part = parts.pop(); part; part = parts.pop()) {
      try {
        await part.stop();
      } catch (error) {
        logger.error({ err: error, part: part.name }, 'a part did not stop cleanly');
      }
    }
  };
  return {
    add: (name, stop) => {
      parts.push({ name, stop });
    },
    stop: () => {
      stopped ??= stopAll();
      return stopped;
    },
  };
}

/** Starts something whose parts go onto the stack as they start. When it fails, those that did are stopped. */
export async function startOrStop<T>(stops: StopStack, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    await stops.stop();
    throw error;
  }
}
