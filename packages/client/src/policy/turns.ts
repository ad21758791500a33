import { EVALUATION_STEPS_MAX, TURN_STEPS_MAX } from '../condition/steps.ts';

/** Most pieces of work that wait for a turn at once. */
export const TURN_WAITERS_MAX = 10_000;
/** Most steps of an evaluation that is short. */
export const SHORT_STEPS_MAX = 1_000;
/** Steps after which the end of the turn is waited for. Fewer may be left over from turns before. */
const UNWATCHED_STEPS_MAX = TURN_STEPS_MAX / 10;

/**
 * The steps that conditions take in one turn of the event loop, whoever asks: many questions that each take long must no more
 * keep others waiting than one does. Half of a turn is for what is known to take long, so that others need not wait behind
 * it, nor it behind others.
 */
export interface Turns {
  /**
   * Whether another evaluation may begin in this turn. Only one that was not expected to be long can make it longer than
   * TURN_STEPS_MAX, and then nothing else begins.
   */
  hasRoom(isLong: boolean): boolean;
  /** Counts what an evaluation took. */
  take(steps: number): void;
  /**
   * Does the work in the turns to come, once in each that has room for it, until it returns something; whoever waits longest
   * comes first. Rejects with what the work throws, and with the reason of the signal as soon as it is aborted, where the work
   * is not begun again.
   */
  finish<Result>(waiting: Waiting<Result>): Promise<Result>;
  /** Pieces of work that wait. */
  readonly waiting: number;
}

export interface Waiting<Result> {
  readonly work: () => Result | undefined;
  /** Whether what comes next in the work takes long. */
  readonly isLong: () => boolean;
  readonly signal: AbortSignal | undefined;
  /** Makes the error where TURN_WAITERS_MAX wait. */
  readonly full: () => Error;
}

/** Does a piece of the work of who waits. */
type GoOn = () => void;

/** `afterTurn` calls back when all that the event loop has at hand is done. */
export function openTurns(afterTurn: (next: () => void) => void = setImmediate): Turns {
  const long = new Set<GoOn>();
  const short = new Set<GoOn>();
  let steps = 0;
  let isWatched = false;
  const hasRoom = (isLong: boolean) =>
    isLong ? steps + EVALUATION_STEPS_MAX < TURN_STEPS_MAX : steps + SHORT_STEPS_MAX <= TURN_STEPS_MAX;
  const watch = () => {
    if (isWatched) return;
    isWatched = true;
    afterTurn(begin);
  };
  const begin = () => {
    isWatched = false;
    steps = 0;
    serve(long, true);
    serve(short, false);
    if (long.size + short.size > 0) watch();
  };
  const serve = (waiters: Set<GoOn>, isLong: boolean) => {
    for (let left = waiters.size; left > 0 && hasRoom(isLong); left -= 1) {
      const [goOn] = waiters;
      if (!goOn) return;
      waiters.delete(goOn);
      goOn();
    }
  };
  return {
    hasRoom,
    take(taken) {
      steps += taken;
      if (steps > UNWATCHED_STEPS_MAX) watch();
    },
    finish<Result>({ work, isLong, signal, full }: Waiting<Result>) {
      return new Promise<Result>((resolve, reject) => {
        // What has to go on waiting does so behind the others.
        const wait = () => (isLong() ? long : short).add(goOn);
        const goOn: GoOn = () => {
          try {
            const result = work();
            if (result !== undefined) resolve(result);
            else if (!signal?.aborted) return void wait();
          } catch (error) {
            reject(error);
          }
          signal?.removeEventListener('abort', giveUp);
        };
        const giveUp = () => {
          long.delete(goOn);
          short.delete(goOn);
          reject(signal?.reason);
        };
        if (signal?.aborted) return reject(signal.reason);
        if (long.size + short.size >= TURN_WAITERS_MAX) return reject(full());
        signal?.addEventListener('abort', giveUp, { once: true });
        wait();
        watch();
      });
    },
    get waiting() {
      return long.size + short.size;
    },
  };
}

/** One turn that has no end, for who has the process for itself. */
export const ENDLESS: Turns = {
  hasRoom: () => true,
  take() {},
  finish: () => Promise.reject(new Error('Nothing has to wait.')),
  waiting: 0,
};

/** Those of this process. */
export const TURNS: Turns = openTurns();
