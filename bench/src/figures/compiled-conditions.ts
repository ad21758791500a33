import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Figure } from '../row.ts';
import type { MeasuredConditions } from './compiled-conditions-worker.ts';

/** What it takes to compile a condition that is typical, by processor time, and what it then takes of the heap, its source included. */
export async function compiledConditions(signal: AbortSignal): Promise<Figure[]> {
  // In a thread of its own, whose heap holds nothing else that comes and goes meanwhile.
  const worker = new Worker(new URL('./compiled-conditions-worker.ts', import.meta.url));
  try {
    const [{ microseconds, bytes }] = (await once(worker, 'message', { signal })) as [MeasuredConditions];
    return [
      { name: 'compiling a condition', value: microseconds, unit: 'µs' },
      { name: 'memory of a compiled condition', value: bytes, unit: 'bytes' },
    ];
  } finally {
    await worker.terminate();
  }
}
