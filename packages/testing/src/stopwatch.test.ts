import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type Stopwatch, startStopwatch } from './stopwatch.ts';
import { waitFor } from './wait-for.ts';

const PAUSE_MS = 1_000;

let watch: Stopwatch;
afterEach(() => {
  watch.stop();
});

/** Holds this process up, as a machine does that lets others run. */
function standStill(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

describe('a stopwatch', () => {
  it('counts the time that passes, and no more than that', async () => {
    const startedAtMs = performance.now();
    watch = startStopwatch();
    await waitFor(() => watch.runningMs() > 60, { everyMs: 1 });
    expect(performance.now() - startedAtMs).toBeGreaterThan(60);
  });

  it('leaves out a pause of this process, whether it has looked since or not', async () => {
    watch = startStopwatch();
    standStill();
    expect(watch.runningMs()).toBeLessThan(PAUSE_MS / 2);
    await sleep(20);
    standStill();
    await sleep(20);
    expect(watch.runningMs()).toBeLessThan(PAUSE_MS / 2);
  });

  it('stands still once it is stopped, and keeps no process alive', async () => {
    const before = timeouts();
    watch = startStopwatch();
    expect(timeouts()).toBe(before);
    const ranMs = watch.stop();
    await sleep(20);
    expect(watch.runningMs()).toBe(ranMs);
    expect(watch.stop()).toBe(ranMs);
  });
});

function timeouts(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}
