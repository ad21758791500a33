import { isFailure } from '@gatehouse/failure';
import type { Logger } from '@gatehouse/process';
import type { LogPosition } from '../domain/log-position.ts';
import { formatResumeToken } from '../domain/resume-token.ts';
import type { ChangeLog, LoggedChange } from './change-log.ts';

/** The end of the log of changes, followed once for all watches of this instance. */
export interface ChangeTail {
  /** Begins to read; whatever is read from now on is told. Does nothing while it reads. */
  start(): void;
  /** Reads nothing any more, and forgets where it was. */
  stop(): void;
  /** There is something to read. */
  wake(): void;
  /**
   * Calls back, once, at a moment at which exactly the changes up to a position were told: at once or after the read that is
   * under way. Never, if the tail stops before that.
   */
  join(joined: (position: LogPosition) => void): void;
  /** Up to where everything was told, as a resume token; empty before the first read. */
  readonly token: string;
  /** For how long more may have been committed than was told; Infinity before the first read. Milliseconds. */
  readonly stalenessMs: number;
}

export interface ChangeTailOptions {
  readonly log: ChangeLog;
  /** How often it reads when nobody wakes it. Milliseconds. */
  readonly everyMs: number;
  readonly tell: (changes: readonly LoggedChange[]) => void;
  /** Nobody can tell what has changed since the last read. The tail goes on from now. */
  readonly lost: (why: unknown) => void;
  readonly logger: Logger;
  /** Milliseconds that only ever grow; performance.now when absent. */
  readonly nowMs?: () => number;
}

/** While changes keep coming it reads at most this often, so that many are told at a time. Milliseconds. */
const GATHERING_MS = 5;

interface Run {
  readonly stopping: AbortController;
  readonly joining: ((position: LogPosition) => void)[];
  position: LogPosition | undefined;
  token: string;
  provenAtMs: number;
  isReading: boolean;
  /** Whether it was woken since the last read began. */
  isWoken: boolean;
  wake: () => void;
}

/**
 * Follows the log. Each read is of all that is committed when it begins, so its proof counts from when it was SENT. While
 * Postgres does not answer, nothing is told and the proof gets older.
 */
export function openChangeTail(options: ChangeTailOptions): ChangeTail {
  const { log, everyMs, tell, lost, logger, nowMs = () => performance.now() } = options;
  let run: Run | undefined;
  let isFailing = false;

  const read = async (current: Run): Promise<void> => {
    const { signal } = current.stopping;
    const sentAtMs = nowMs();
    current.isWoken = false;
    current.isReading = true;
    try {
      const page = (changes: readonly LoggedChange[]) => {
        if (!signal.aborted) tell(changes);
      };
      const position = await (current.position ? log.read(current.position, { page }, signal) : log.now(signal));
      if (signal.aborted) return;
      Object.assign(current, { position, token: formatResumeToken(position), provenAtMs: sentAtMs });
      isFailing = false;
    } catch (error) {
      if (signal.aborted) return;
      if (isFailure(error) && error.reason.startsWith('RESUME_TOKEN_')) {
        Object.assign(current, { position: undefined, token: '', provenAtMs: Number.NEGATIVE_INFINITY });
        logger.warn({ err: error }, 'the log of changes can not be followed on; watches begin anew');
        lost(error);
      } else {
        if (!isFailing) logger.warn({ err: error }, 'the log of changes can not be read');
        isFailing = true;
      }
    } finally {
      current.isReading = false;
    }
    admit(current);
  };
  /** In the same step in which the read ended: what is read next is told to them as well. */
  const admit = ({ position, joining }: Run) => {
    if (position) for (const joined of joining.splice(0)) joined(position);
  };
  const follow = async (current: Run): Promise<void> => {
    while (!current.stopping.signal.aborted) {
      const readAtMs = nowMs();
      await read(current);
      if (!current.isWoken) await rest(current, everyMs);
      const gatheringMs = GATHERING_MS - (nowMs() - readAtMs);
      if (gatheringMs > 0) await pause(gatheringMs);
    }
  };

  return {
    start() {
      if (run) return;
      run = {
        stopping: new AbortController(),
        joining: [],
        position: undefined,
        token: '',
        provenAtMs: Number.NEGATIVE_INFINITY,
        isReading: false,
        isWoken: false,
        wake: () => {},
      };
      void follow(run);
    },
    stop() {
      run?.stopping.abort();
      run?.wake();
      run = undefined;
    },
    wake() {
      if (!run) return;
      run.isWoken = true;
      run.wake();
    },
    join(joined) {
      if (!run) return;
      run.joining.push(joined);
      if (!run.isReading) admit(run);
    },
    get token() {
      return run?.token ?? '';
    },
    get stalenessMs() {
      return nowMs() - (run?.provenAtMs ?? Number.NEGATIVE_INFINITY);
    },
  };
}

/** Until it is woken, and no longer than this. */
function rest(run: Run, forMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, forMs);
    timer.unref();
    run.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, forMs).unref();
  });
}
