import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Deferred, deferred } from '../lookups/deferred.ts';
import { compileModel } from '../policy/index.ts';
import { createModelCopy, type KnownModel, type ModelCopy } from './model-copy.ts';

let reads: Deferred<KnownModel>[];
let warnings: string[];
let copy: ModelCopy;

const of = (revision: bigint): KnownModel => ({ model: compileModel(revision, []), isReadable: true });
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const revision = () => copy.current?.model.revision;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  reads = [];
  warnings = [];
  copy = createModelCopy({
    read: () => {
      reads.push(deferred<KnownModel>());
      return (reads.at(-1) as Deferred<KnownModel>).promise;
    },
    onWarning: ({ message }) => warnings.push(message),
  });
});
afterEach(() => {
  copy.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('the copy of the model', () => {
  it('is read once when it is wanted', async () => {
    copy.want();
    copy.want();
    expect([reads.length, revision()]).toEqual([1, undefined]);
    reads[0]?.resolve(of(3n));
    await pass(0);
    copy.want();
    expect([reads.length, revision()]).toEqual([1, 3n]);
  });

  it('is forgotten at once when it has changed, and read again', async () => {
    copy.want();
    reads[0]?.resolve(of(3n));
    await pass(0);
    copy.changed(3n);
    expect(revision()).toBe(3n);
    copy.changed(4n);
    expect(revision()).toBeUndefined();
    reads[1]?.resolve(of(4n));
    await pass(0);
    expect(revision()).toBe(4n);
  });

  it.each([
    ['a change', () => copy.changed(9n)],
    ['a reset', () => copy.reset()],
  ])('is not kept when %s was heard while it was read, and read again', async (_what, overtake) => {
    copy.want();
    overtake();
    reads[0]?.resolve(of(3n));
    await pass(0);
    expect(revision()).toBeUndefined();
    await pass(50);
    reads[1]?.resolve(of(9n));
    await pass(0);
    expect(revision()).toBe(9n);
  });

  it('is read again, after a growing pause, when it could not be read', async () => {
    copy.want();
    reads[0]?.reject(new Error('gone'));
    await pass(0);
    copy.want();
    expect([reads.length, warnings]).toEqual([1, ['gone']]);
    await pass(100);
    expect(reads).toHaveLength(2);
    reads[1]?.reject(new Error('gone'));
    await pass(99);
    expect(reads).toHaveLength(2);
    await pass(101);
    reads[2]?.resolve(of(1n));
    await pass(0);
    expect(revision()).toBe(1n);
  });

  it('is nothing any more once it is stopped', async () => {
    copy.want();
    copy.stop();
    reads[0]?.resolve(of(1n));
    await pass(1_000);
    copy.want();
    expect([reads.length, revision()]).toEqual([1, undefined]);
  });
});
