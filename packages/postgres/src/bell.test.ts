import { describe, expect, it } from 'vitest';
import { createBell } from './bell.ts';

const LONG_MS = 10_000;

describe('a bell', () => {
  it('wakes the one who waits', async () => {
    const bell = createBell();
    const woken = bell.wait(LONG_MS);
    bell.ring();
    await expect(woken).resolves.toBeUndefined();
  });

  it('keeps a ring that nobody waited for, once', async () => {
    const bell = createBell();
    bell.ring();
    bell.ring();
    await bell.wait(LONG_MS);
    let isWoken = false;
    const second = bell.wait(20).then(() => {
      isWoken = true;
    });
    await Promise.resolve();
    expect(isWoken).toBe(false);
    await second;
  });
});
