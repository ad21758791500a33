import { parentPort } from 'node:worker_threads';
import { type Condition, compileCondition } from '@gatehouse/client/policy';
import { TYPICAL_CONDITIONS } from '../work/typical-conditions.ts';
import { usedBytes } from './used-bytes.ts';

/** What compiling a condition takes, and what it leaves behind. */
export interface MeasuredConditions {
  readonly microseconds: number;
  readonly bytes: number;
}

/** Fewer than the compiler itself keeps, so that all of them are there when the heap is looked at. */
const COMPILED = 4_000;

// The first are thrown away: they also bring in all code that the second need.
measure('warm');
parentPort?.postMessage(measure('measured'));

/** Compiles each typical condition over and over, with another user each time: no two are the same. */
function measure(name: string): MeasuredConditions {
  const sources = Array.from({ length: COMPILED }, (_, index) => {
    const source = TYPICAL_CONDITIONS[index % TYPICAL_CONDITIONS.length]?.source ?? 'true';
    return `${source} && request.user_id != "${name}-${index}"`;
  });
  const conditions: Condition[] = [];
  const before = usedBytes();
  const startedUs = process.cpuUsage();
  for (const source of sources) conditions.push(compileCondition(source));
  const { user, system } = process.cpuUsage(startedUs);
  const bytes = usedBytes() - before;
  if (conditions.length !== COMPILED) throw new Error('Not all conditions were compiled.');
  return { microseconds: (user + system) / COMPILED, bytes: bytes / COMPILED };
}
