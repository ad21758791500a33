import { isFailure } from '@gatehouse/failure';
import type { Logger } from '@gatehouse/process';
import { bullConnection, type RedisStore } from '@gatehouse/redis';
import { DelayedError, type Job, Worker } from 'bullmq';
import type { RunKind } from '../domain/run.ts';
import { KEPT_JOBS, QUEUE_NAME, type RunData, within } from './run-queue.ts';

/** One attempt at a run. */
export interface Attempt {
  readonly id: string;
  /** How often it was begun before. */
  readonly retries: number;
  /** Whether it will not be tried again later, whatever it answers. */
  readonly isLast: boolean;
  /** Aborted when the process is about to stop. */
  readonly signal: AbortSignal;
}

/** Carries a run out. `ended` says that its row tells how it went, `later` that it is to be tried again. */
export type Run = (attempt: Attempt) => Promise<'ended' | 'later'>;

/** Works on the queue of runs. */
export interface RunWorker {
  /** Whether the run is worked on in this process. */
  isRunning(id: string): boolean;
  /** Breaks off what it works on, which is left to the next process, and closes. */
  stop(): Promise<void>;
}

export interface RunWorkerOptions {
  readonly redis: RedisStore;
  readonly runs: Readonly<Record<RunKind, Run>>;
  readonly logger: Logger;
}

/** One backup and one drill. */
const CONCURRENCY = 2;
/** How long a job of a process that has died is left alone. */
const LOCK_MS = 15_000;
const STALLED_CHECK_MS = 5_000;
/** How many processes may die of one run. */
const STALLED_MAX = 2;
/** How long one question for a job waits in Redis; a Redis that dies meanwhile is noticed, and let go of, that late. */
const WAIT_SECONDS = 1;
/** Pause after Redis failed. */
const REDIS_RETRY_MS = 1_000;
/** Pause before what could not be done is tried again. */
const LATER_MS = 5_000;
/** How often one run is begun; with the pauses between, five minutes at least. */
const ATTEMPTS_MAX = 60;
const CLOSE_TIMEOUT_MS = 3_000;

export function startRunWorker({ redis, runs, logger }: RunWorkerOptions): RunWorker {
  const { connection, prefix, close } = bullConnection(redis, 'worker');
  const stopping = new AbortController();
  const running = new Map<string, ReturnType<Run>>();

  const attempt: (job: Job<RunData, void, RunKind>, id: string) => ReturnType<Run> = async (job, id) => {
    const retries = job.attemptsStarted - 1;
    const isLast = job.attemptsStarted >= ATTEMPTS_MAX;
    try {
      return await runs[job.name]({ id, retries, isLast, signal: stopping.signal });
    } catch (error) {
      if (stopping.signal.aborted || (isUnavailable(error) && !isLast)) return 'later';
      logger.error({ err: error, run: id, kind: job.name }, 'a run could not be carried out');
      throw error;
    } finally {
      running.delete(id);
    }
  };
  const work = async (job: Job<RunData, void, RunKind>, token: string | undefined): Promise<void> => {
    const id = job.id ?? '';
    // A job that this process seemed to have lost comes back while it is still worked on.
    const isDouble = running.has(id);
    if (!isDouble) running.set(id, attempt(job, id));
    if (!isDouble && (await running.get(id)) === 'ended') return;
    await job.moveToDelayed(Date.now() + LATER_MS, token);
    throw new DelayedError();
  };
  const worker: Worker<RunData, void, RunKind> = new Worker(QUEUE_NAME, work, {
    connection,
    prefix,
    concurrency: CONCURRENCY,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: STALLED_MAX,
    drainDelay: WAIT_SECONDS,
    runRetryDelay: REDIS_RETRY_MS,
    removeOnComplete: KEPT_JOBS,
    removeOnFail: KEPT_JOBS,
  });
  worker.on('error', (error) => logger.debug({ err: error }, 'the worker has no Redis'));
  return {
    isRunning: (id) => running.has(id),
    async stop() {
      stopping.abort();
      await within(Promise.allSettled(running.values()), CLOSE_TIMEOUT_MS).catch(() => {});
      // Without Redis nothing can be handed back, and the worker would wait for it for ever.
      await within(worker.close(!redis.usable), CLOSE_TIMEOUT_MS).catch(() => {});
      await close();
    },
  };
}

function isUnavailable(error: unknown): boolean {
  return isFailure(error) && (error.kind === 'unavailable' || error.kind === 'conflict');
}
