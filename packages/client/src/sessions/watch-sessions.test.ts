import { EventEmitter } from 'node:events';
import type { WatchSessionsRequest, WatchSessionsResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Watch, type WatchStream, watchSessions } from './watch-sessions.ts';

const HEARTBEAT_MS = 100;
const BOUND_MS = 1_000;

/** A stream whose other end is the test. */
class HandStream extends EventEmitter {
  readonly asked: bigint[] = [];
  isCancelled = false;
  write({ question }: WatchSessionsRequest): void {
    this.asked.push(question);
  }
  cancel(): void {
    this.isCancelled = true;
  }
  tell(event: WatchSessionsResponse['event']): void {
    this.emit('data', { event });
  }
  answer(stalenessMs = 0, question = this.asked.at(-1) ?? 0n): void {
    this.tell({ $case: 'answer', value: { question, stalenessMs } });
  }
}

let streams: HandStream[];
let told: string[];
let warnings: string[];
let watch: Watch;

/** The stream that is open now. */
const stream = () => streams.at(-1) as HandStream;
const nowMs = () => performance.now();
/** Lets time pass, and what is due happen. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers({
    now: 0,
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
      'performance',
    ],
  });
  streams = [];
  told = [];
  warnings = [];
  watch = watchSessions({
    open: () => {
      streams.push(new HandStream());
      return stream() as unknown as WatchStream;
    },
    heartbeatMs: HEARTBEAT_MS,
    boundMs: BOUND_MS,
    nowMs,
    changed: (sessionId) => told.push(sessionId),
    reset: () => told.push('reset'),
    onWarning: ({ message }) => warnings.push(message),
  });
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

describe('watchSessions', () => {
  it('asks at once and then with every heartbeat', async () => {
    expect(stream().asked).toEqual([1n]);
    stream().answer();
    await pass(HEARTBEAT_MS * 3 + 1);
    expect(stream().asked).toEqual([1n, 2n, 3n, 4n]);
  });

  it('is current only after an answer, and only for the bound', async () => {
    expect(watch.isCurrent(nowMs())).toBe(false);
    stream().answer();
    expect(watch.isCurrent(nowMs())).toBe(true);
    await pass(BOUND_MS - 1);
    expect(watch.isCurrent(nowMs())).toBe(true);
    await pass(1);
    expect(watch.isCurrent(nowMs())).toBe(false);
  });

  it('takes what the server did not know off the bound', async () => {
    stream().answer(700);
    await pass(299);
    expect(watch.isCurrent(nowMs())).toBe(true);
    await pass(1);
    expect(watch.isCurrent(nowMs())).toBe(false);
  });

  it('is not made current by an instance that is cut off', () => {
    stream().answer(BOUND_MS);
    expect(watch.isCurrent(nowMs())).toBe(false);
  });

  it('counts a slow answer from its question', async () => {
    await pass(600);
    stream().answer(0, 1n);
    expect(watch.isCurrent(nowMs())).toBe(true);
    expect(watch.isCurrent(nowMs() + 400)).toBe(false);
  });

  it('begins with a reset, and remembers nothing from before the first answer', () => {
    expect(watch.isHearing).toBe(false);
    stream().tell({ $case: 'changes', value: { sessionIds: ['a'] } });
    expect(watch.isHearing).toBe(false);
    stream().answer();
    expect(watch.isHearing).toBe(true);
    expect(told).toEqual(['a', 'reset']);
  });

  it('passes on changes and resets', () => {
    stream().answer();
    stream().tell({ $case: 'changes', value: { sessionIds: ['a', 'b'] } });
    stream().tell({ $case: 'reset', value: {} });
    stream().tell(undefined);
    expect(told).toEqual(['reset', 'a', 'b', 'reset']);
  });

  it.each([
    [
      'breaks',
      () => void stream().emit('error', Object.assign(new Error('gone'), { code: 14, details: 'gone' })),
      'gone',
    ],
    ['ends', () => void stream().emit('end'), 'has ended the watch'],
  ])('forgets everything when the stream %s, and opens another', async (_what, lose, warning) => {
    stream().answer();
    told.length = 0;
    lose();
    expect(watch.isCurrent(nowMs())).toBe(false);
    expect(watch.isHearing).toBe(false);
    expect(told).toEqual(['reset']);
    expect(warnings.join()).toContain(warning);
    await pass(100);
    expect(streams).toHaveLength(2);
    stream().answer();
    expect(watch.isCurrent(nowMs())).toBe(true);
  });

  it('hears nothing any more of a stream that it has left', async () => {
    const old = stream();
    old.answer();
    old.emit('end');
    await pass(100);
    stream().answer();
    told.length = 0;
    old.tell({ $case: 'changes', value: { sessionIds: ['a'] } });
    old.emit('error', new Error('late'));
    expect(told).toEqual([]);
    expect(streams).toHaveLength(2);
  });

  it('leaves a stream that is silent for another', async () => {
    stream().answer();
    await pass(2 * BOUND_MS + 3 * HEARTBEAT_MS);
    expect(streams[0]?.isCancelled).toBe(true);
    expect(warnings).toEqual(['The watch on sessions proves nothing.']);
    await pass(100);
    expect(streams).toHaveLength(2);
  });

  it('leaves an instance that is cut off for another', async () => {
    stream().answer();
    for (let beats = 0; beats < 25; beats++) {
      await pass(HEARTBEAT_MS);
      stream().answer(60_000);
    }
    expect(streams.length).toBeGreaterThan(1);
  });

  it('waits longer from time to time when nobody answers, and not for ever', async () => {
    const openedAtMs: number[] = [];
    for (let lost = 0; lost < 12; lost++) {
      stream().emit('end');
      const before = streams.length;
      while (streams.length === before) await pass(10);
      openedAtMs.push(nowMs());
    }
    const pauses = openedAtMs.slice(1).map((at, index) => at - (openedAtMs[index] ?? 0));
    expect(pauses[0]).toBeLessThanOrEqual(210);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2_010);
    expect(Math.min(...pauses.slice(5))).toBeGreaterThanOrEqual(1_000);
  });

  it('opens nothing any more once it is stopped', async () => {
    stream().answer();
    watch.stop();
    expect(stream().isCancelled).toBe(true);
    expect(watch.isCurrent(nowMs())).toBe(false);
    stream().emit('error', new Error('cancelled'));
    await pass(10_000);
    expect(streams).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
