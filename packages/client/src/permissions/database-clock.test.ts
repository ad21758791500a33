import { expect, it } from 'vitest';
import { createDatabaseClock } from './database-clock.ts';

const EPOCH_MS = 1_800_000_000_000;

it('takes the time for the middle of its way, and believes the shortest way', () => {
  const clock = createDatabaseClock();
  expect(clock.at(0)).toBe(Number.NEGATIVE_INFINITY);
  clock.heard(EPOCH_MS, 1_000, 1_100);
  expect(clock.at(1_050)).toBe(EPOCH_MS);
  clock.heard(EPOCH_MS, 1_000, 1_020);
  expect(clock.at(1_010)).toBe(EPOCH_MS);
  clock.heard(EPOCH_MS + 1_390, 2_000, 2_400);
  expect(clock.at(1_010)).toBe(EPOCH_MS);
});

it('follows a clock that was set', () => {
  const clock = createDatabaseClock();
  clock.heard(EPOCH_MS, 0, 10);
  clock.heard(EPOCH_MS + 5_000, 20, 60);
  expect(clock.at(40)).toBe(EPOCH_MS + 5_000);
});

it('believes a longer way after a while, because clocks drift', () => {
  const clock = createDatabaseClock();
  clock.heard(EPOCH_MS, 0, 10);
  clock.heard(EPOCH_MS + 60_020, 60_000, 60_020);
  expect(clock.at(60_010)).toBe(EPOCH_MS + 60_020);
});
