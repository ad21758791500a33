import { expect, it } from 'vitest';
import { fakeClock } from './fake-clock.ts';

it('a fake clock moves only when it is told to', () => {
  const clock = fakeClock(new Date('2030-01-01T00:00:00.000Z'));
  const first = clock.now();
  expect(clock.now()).toEqual(first);
  clock.advance(1500);
  expect(clock.now().toISOString()).toBe('2030-01-01T00:00:01.500Z');
  expect(first.toISOString()).toBe('2030-01-01T00:00:00.000Z');
  clock.set(new Date('2029-06-01T00:00:00.000Z'));
  expect(clock.now().toISOString()).toBe('2029-06-01T00:00:00.000Z');
});
