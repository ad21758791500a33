import type { Clock } from '@gatehouse/process';

/** A clock that only moves when it is told to. */
export interface FakeClock extends Clock {
  advance(ms: number): void;
  set(date: Date): void;
}

/** A fake clock that starts at `start`, by default at noon UTC on 1 January 2030. */
export function fakeClock(start: Date = new Date('2030-01-01T12:00:00.000Z')): FakeClock {
  let nowMs = start.getTime();
  return {
    now: () => new Date(nowMs),
    nowMs: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
    set: (date) => {
      nowMs = date.getTime();
    },
  };
}
