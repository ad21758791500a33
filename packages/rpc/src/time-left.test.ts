import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANSWER_MARGIN_MS, timeLeft } from './time-left.ts';

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const left = (ms: number, atMostMs?: number) =>
  timeLeft({ signal: new AbortController().signal, deadlineMs: Date.now() + ms }, atMostMs);

describe('the time that is left', () => {
  it('is over a little before the deadline', () => {
    const { signal, end } = left(1_000);
    vi.advanceTimersByTime(999 - ANSWER_MARGIN_MS);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.reason).toMatchObject({ kind: 'deadline' });
    end();
  });

  it.each([25 * DAY_MS, 30 * DAY_MS, 2 ** 31, 99_999_999 * 3_600_000, Number.POSITIVE_INFINITY])(
    'is not over at once when the deadline is %d ms away',
    (ms) => {
      const { signal, end } = left(ms);
      vi.advanceTimersByTime(20 * DAY_MS);
      expect(signal.aborted).toBe(false);
      end();
      const shorter = left(ms, 5_000);
      vi.advanceTimersByTime(4_999);
      expect(shorter.signal.aborted).toBe(false);
      vi.advanceTimersByTime(1);
      expect(shorter.signal.aborted).toBe(true);
      shorter.end();
    },
  );
});
