import { Failure } from '@gatehouse/failure';
import type { Logger } from '@gatehouse/process';
import { type BullConnection, bullConnection, type RedisStore } from '@gatehouse/redis';
import { Queue } from 'bullmq';
import { type Requester, type RunKind, requestedBy } from '../domain/run.ts';

/** What a job carries besides its name and its id, which is that of the row: the row holds the rest. */
export interface RunData {
  readonly requestId: string;
  readonly requestedBy: string;
}

/** How a run's job stands: it will be worked on or is, it has ended, or there is none. */
export type JobState = 'alive' | 'ended' | 'gone';

/** The queue of runs. Whatever it can't do now it rejects with Failure `unavailable` REDIS_UNAVAILABLE. */
export interface RunQueue {
  /** Rejects within a second when a run could not be added now, so that none is begun only to be broken off. */
  checkUsable(): Promise<void>;
  /** Adds a run. Its id names the job as well, so that adding it again changes nothing. */
  add(kind: RunKind, id: string, requester: Requester): Promise<void>;
  stateOf(id: string): Promise<JobState>;
  close(): Promise<void>;
}

export const QUEUE_NAME = 'gatehouse-ops-runs';
/** Jobs that have ended are kept for people who look at the queue; the rows tell how the runs went. */
export const KEPT_JOBS = { count: 100 } as const;
/** How long a connection that is being made may take. */
const READY_TIMEOUT_MS = 1_000;
const ANSWER_TIMEOUT_MS = 3_000;
const CLOSE_TIMEOUT_MS = 1_000;

export function openRunQueue({ redis, logger }: { readonly redis: RedisStore; readonly logger: Logger }): RunQueue {
  const { connection, prefix, close } = bullConnection(redis, 'queue');
  let queue: Queue<RunData, void, RunKind> | undefined;

  const open = () => {
    if (queue) return queue;
    const opened: Queue<RunData, void, RunKind> = new Queue(QUEUE_NAME, { connection, prefix });
    opened.on('error', (error) => logger.debug({ err: error }, 'the queue of runs has no Redis'));
    // One whose first connection failed stays so for ever.
    opened.waitUntilReady().catch(() => {
      if (queue === opened) queue = undefined;
    });
    queue = opened;
    return opened;
  };
  const checkUsable = async () => {
    try {
      await Promise.all([redis.ready(READY_TIMEOUT_MS), within(isReady(connection), READY_TIMEOUT_MS)]);
    } catch (error) {
      throw unavailable(error);
    }
  };
  const ask = async <T>(question: (queue: Queue<RunData, void, RunKind>) => Promise<T>): Promise<T> => {
    await checkUsable();
    try {
      return await within(question(open()), ANSWER_TIMEOUT_MS);
    } catch (error) {
      throw unavailable(error);
    }
  };
  return {
    checkUsable,
    async add(kind, id, requester) {
      const data = { requestId: requester.requestId, requestedBy: requestedBy(requester) };
      // A run that fails is not repeated. A job that a dead process leaves behind is, and does not count as an attempt.
      const options = { jobId: id, attempts: 1, removeOnComplete: KEPT_JOBS, removeOnFail: KEPT_JOBS };
      await ask((found) => found.add(kind, data, options));
    },
    async stateOf(id) {
      const state = await ask((found) => found.getJobState(id));
      if (state === 'unknown') return 'gone';
      return state === 'completed' || state === 'failed' ? 'ended' : 'alive';
    },
    async close() {
      await within(queue?.close() ?? Promise.resolve(), CLOSE_TIMEOUT_MS).catch(() => {});
      await close();
    },
  };
}

function isReady(connection: BullConnection['connection']): Promise<void> {
  return connection.status === 'ready'
    ? Promise.resolve()
    : new Promise((resolve) => connection.once('ready', () => resolve()));
}

/** The same promise, which rejects when it takes too long. */
export async function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Nothing came within ${limitMs} ms.`)), limitMs);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function unavailable(cause?: unknown): Failure {
  return new Failure('unavailable', 'REDIS_UNAVAILABLE', 'Redis, which holds the queue of runs, does not answer.', {
    cause,
  });
}
