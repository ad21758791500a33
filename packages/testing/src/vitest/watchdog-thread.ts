import { Session } from 'node:inspector/promises';
import { workerData } from 'node:worker_threads';
import type { Watch } from './watchdog.ts';

const CHECK_MS = 500;

const { beats, limitMs } = workerData as Watch;
const count = new Int32Array(beats);
let seen = -1;
/** Counted rather than timed, so that a process that was stopped and goes on is not taken for one that hangs. */
let checksWithoutBeat = 0;

setInterval(() => {
  const beat = Atomics.load(count, 0);
  checksWithoutBeat = beat === seen ? checksWithoutBeat + 1 : 0;
  seen = beat;
  if (checksWithoutBeat * CHECK_MS < limitMs) return;
  checksWithoutBeat = 0;
  void endWhatRuns();
}, CHECK_MS);

async function endWhatRuns(): Promise<void> {
  const session = new Session();
  session.connectToMainThread();
  await session.post('Runtime.terminateExecution');
  session.disconnect();
}
