import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is left on the heap of this thread after the garbage has been collected. */
export function usedBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
