import { EventEmitter } from 'node:events';
import type { WatchChangesRequest, WatchChangesResponse } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import { ErrorInfo } from '@gatehouse/proto/google/rpc/error_details.ts';
import { Status } from '@gatehouse/proto/google/rpc/status.ts';
import { Metadata, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ChangeStream, type ChangeWatch, watchChanges } from './watch-changes.ts';

const HEARTBEAT_MS = 100;
const BOUND_MS = 1_000;
const UNPROVEN_MS = 4_294_967_295;

/** A stream whose other end is the test. */
class HandStream extends EventEmitter {
  readonly asked: WatchChangesRequest[] = [];
  isCancelled = false;
  write(request: WatchChangesRequest): void {
    this.asked.push(request);
  }
  cancel(): void {
    this.isCancelled = true;
  }
  tell(event: WatchChangesResponse['event']): void {
    this.emit('data', { event });
  }
  change(userId: string, revision: bigint): void {
    this.tell({ $case: 'changes', value: { changes: [{ userId, revision, changedAt: undefined }] } });
  }
  answer({ stalenessMs = 0, resumeToken = 'token', databaseTime = new Date(5_000) } = {}): void {
    const question = this.asked.at(-1)?.question ?? 0n;
    this.tell({ $case: 'answer', value: { question, stalenessMs, resumeToken, databaseTime } });
  }
  fail(code: number, reason: string): void {
    const metadata = new Metadata();
    const value = ErrorInfo.encode({ reason, domain: 'authz.gatehouse', metadata: {} }).finish();
    const details = [{ typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: Buffer.from(value) }];
    metadata.set('grpc-status-details-bin', Buffer.from(Status.encode({ code, message: reason, details }).finish()));
    this.emit('error', Object.assign(new Error(reason), { code, details: reason, metadata }));
  }
}

let streams: HandStream[];
let told: string[];
let warnings: string[];
let watch: ChangeWatch;

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
  watch = watchChanges({
    open: () => {
      streams.push(new HandStream());
      return stream() as unknown as ChangeStream;
    },
    heartbeatMs: HEARTBEAT_MS,
    boundMs: BOUND_MS,
    nowMs,
    changed: (userId, revision) => told.push(`${userId} ${revision}`),
    reset: () => told.push('reset'),
    hearing: () => told.push('hearing'),
    heardTime: (databaseTimeMs, sentAtMs, at) => told.push(`time ${databaseTimeMs} ${sentAtMs} ${at}`),
    onWarning: ({ message }) => warnings.push(message),
  });
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

describe('watchChanges', () => {
  it('asks at once, from now on, and then with every heartbeat', async () => {
    stream().answer();
    await pass(HEARTBEAT_MS * 2 + 1);
    expect(stream().asked).toEqual([1n, 2n, 3n].map((question) => ({ question, resumeToken: '' })));
  });

  it('is current only after an answer, for the bound, less what the service did not know', async () => {
    expect(watch.isCurrent(nowMs())).toBe(false);
    stream().answer({ stalenessMs: 300 });
    expect(watch.isCurrent(nowMs())).toBe(true);
    await pass(699);
    expect(watch.isCurrent(nowMs())).toBe(true);
    await pass(1);
    expect(watch.isCurrent(nowMs())).toBe(false);
  });

  it('begins with a reset, and passes on changes and times', async () => {
    stream().change('early', 1n);
    await pass(40);
    stream().answer();
    stream().change('a', 2n);
    stream().change('', 9n);
    stream().tell(undefined);
    expect(told).toEqual(['early 1', 'reset', 'hearing', 'time 5000 0 40', 'a 2', ' 9']);
  });

  it('hears nothing before the service has told what was missed', () => {
    stream().answer({ stalenessMs: UNPROVEN_MS, resumeToken: '' });
    expect([watch.isHearing, watch.isCurrent(nowMs()), told]).toEqual([false, false, []]);
    stream().answer();
    expect(watch.isHearing).toBe(true);
  });

  it.each([
    ['breaks', () => stream().fail(status.UNAVAILABLE, 'INSTANCE_STOPPING')],
    ['ends', () => void stream().emit('end')],
  ])('goes on where it was when the stream %s, and forgets nothing', async (_what, lose) => {
    stream().answer({ resumeToken: 'first' });
    stream().answer({ resumeToken: 'second' });
    told.length = 0;
    lose();
    expect([watch.isCurrent(nowMs()), watch.isHearing]).toEqual([false, false]);
    await pass(100);
    expect(streams).toHaveLength(2);
    expect(stream().asked[0]?.resumeToken).toBe('second');
    stream().change('missed', 3n);
    stream().answer({ stalenessMs: UNPROVEN_MS, resumeToken: '' });
    expect(watch.isCurrent(nowMs())).toBe(false);
    stream().answer({ resumeToken: 'third' });
    expect(watch.isCurrent(nowMs())).toBe(true);
    expect(told.filter((line) => !line.startsWith('time'))).toEqual(['missed 3', 'hearing']);
    await pass(HEARTBEAT_MS);
    expect(
      stream()
        .asked.slice(1)
        .map(({ resumeToken }) => resumeToken),
    ).toEqual(['']);
  });

  it.each(['RESUME_TOKEN_EXPIRED', 'RESUME_TOKEN_INVALID'])(
    'forgets everything with %s, and begins anew',
    async (reason) => {
      stream().answer();
      told.length = 0;
      stream().fail(status.FAILED_PRECONDITION, reason);
      expect(told).toEqual(['reset']);
      await pass(100);
      expect(stream().asked[0]?.resumeToken).toBe('');
      stream().answer();
      expect(told.slice(0, 3)).toEqual(['reset', 'reset', 'hearing']);
    },
  );

  it('believes no answer to what an earlier stream was asked', async () => {
    const old = stream();
    old.answer();
    old.emit('end');
    await pass(100);
    old.change('a', 1n);
    stream().tell({
      $case: 'answer',
      value: { question: 1n, stalenessMs: 0, resumeToken: 'x', databaseTime: undefined },
    });
    expect(watch.isCurrent(nowMs())).toBe(false);
    expect(told).not.toContain('a 1');
  });

  it('leaves a stream that is silent, or proves nothing, for another', async () => {
    stream().answer();
    await pass(2 * BOUND_MS + 3 * HEARTBEAT_MS);
    expect(streams[0]?.isCancelled).toBe(true);
    expect(warnings).toEqual(['The watch on changes proves nothing.']);
    await pass(100);
    for (let beats = 0; beats < 25; beats += 1) {
      await pass(HEARTBEAT_MS);
      stream().answer({ stalenessMs: UNPROVEN_MS, resumeToken: '' });
    }
    expect(streams.length).toBeGreaterThan(2);
  });

  it('stays with a stream that is still telling what was missed, however long that takes', async () => {
    stream().answer();
    stream().emit('end');
    await pass(100);
    for (let beats = 0; beats < 50; beats += 1) {
      await pass(HEARTBEAT_MS);
      stream().change(`user-${beats}`, 1n);
    }
    expect(streams).toHaveLength(2);
    stream().answer();
    expect(watch.isCurrent(nowMs())).toBe(true);
  });

  it('opens nothing any more once it is stopped', async () => {
    stream().answer();
    watch.stop();
    expect(stream().isCancelled).toBe(true);
    expect([watch.isCurrent(nowMs()), told.at(-1)]).toEqual([false, 'reset']);
    stream().emit('error', Object.assign(new Error('cancelled'), { code: 1, details: '' }));
    await pass(10_000);
    expect(streams).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
