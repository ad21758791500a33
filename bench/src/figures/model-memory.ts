import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Figure } from '../row.ts';
import type { LargeModel } from '../work/large-population.ts';
import type { MeasuredModel } from './model-memory-worker.ts';

/** What the compiled model takes of an instance's memory when every role has been asked about. */
export async function modelMemory(
  postgresUrl: string,
  { heldPermissions }: LargeModel,
  signal: AbortSignal,
): Promise<Figure[]> {
  // In a thread of its own, whose heap holds nothing else that comes and goes meanwhile.
  const worker = new Worker(new URL('./model-memory-worker.ts', import.meta.url), { workerData: postgresUrl });
  try {
    const [{ roles, bytes }] = (await once(worker, 'message', { signal })) as [MeasuredModel];
    const memory = `memory of the compiled model of ${roles.toLocaleString('en-GB')} roles`;
    return [
      { name: memory, value: bytes, unit: 'bytes' },
      { name: `${memory}, for each role`, value: bytes / roles, unit: 'bytes' },
      {
        name: `${memory}, for each permission that a role holds or inherits`,
        value: bytes / heldPermissions,
        unit: 'bytes',
      },
    ];
  } finally {
    await worker.terminate();
  }
}
