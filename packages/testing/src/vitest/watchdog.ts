import { Worker } from 'node:worker_threads';
import { TEST_LIMIT_MS } from '../patience.ts';
import { runInWorker } from '../running-test.ts';

const BEAT_MS = 250;

/** What the thread is given: where it reads the beats, and after how long without one it acts. */
export interface Watch {
  readonly beats: SharedArrayBuffer;
  readonly limitMs: number;
}

let started = false;

/**
 * Ends code that never gives the event loop back, once it has held it for as long as a test may take: no limit that runs
 * in the same thread can. The test then counts as one that does not stop. Starts one thread for each worker.
 */
export function watchEventLoop(limitMs: number = TEST_LIMIT_MS): void {
  if (started) return;
  started = true;
  runInWorker(() => {
    const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const count = new Int32Array(beats);
    setInterval(() => Atomics.add(count, 0, 1), BEAT_MS).unref();
    const workerData: Watch = { beats, limitMs };
    new Worker(new URL('./watchdog-thread.ts', import.meta.url), { workerData, execArgv: [] }).unref();
  });
}
