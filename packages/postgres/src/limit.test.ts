import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startLimit } from './limit.ts';

const LIMIT_MS = 400;

/** Holds this process up in the moment before the timers, as a machine does that lets others run. */
async function standStill(): Promise<void> {
  await new Promise(setImmediate);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * LIMIT_MS);
}

describe('a limit', () => {
  it('is over after as long as it says, once', async () => {
    const startedAtMs = performance.now();
    let times = 0;
    await new Promise<void>((resolve) => {
      startLimit(LIMIT_MS, () => {
        times += 1;
        resolve();
      });
    });
    expect(performance.now() - startedAtMs).toBeGreaterThan(LIMIT_MS - 10);
    await sleep(LIMIT_MS / 4);
    expect(times).toBe(1);
  });

  it('is not over because this process stood still', async () => {
    let isLate = false;
    const callOff = startLimit(LIMIT_MS, () => {
      isLate = true;
    });
    await standStill();
    await new Promise(setImmediate);
    expect(isLate).toBe(false);
    callOff();
  });

  it('that was called off is never over', async () => {
    let isLate = false;
    const callOff = startLimit(8, () => {
      isLate = true;
    });
    callOff();
    await sleep(50);
    expect(isLate).toBe(false);
  });
});
