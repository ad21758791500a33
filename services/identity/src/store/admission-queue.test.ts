import { describe, expect, it } from 'vitest';
import { type AdmissionQueue, admissionQueue } from './admission-queue.ts';

const never = new AbortController().signal;

/** Work that ends when it is told to. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let begun = false;
  return {
    run: () => {
      begun = true;
      return promise;
    },
    end: resolve,
    fail: reject,
    get begun() {
      return begun;
    },
  };
}

function open(concurrency: number, waitingMax: number): AdmissionQueue {
  return admissionQueue({ concurrency, waitingMax, full: (waiting) => new Error(`full with ${waiting}`) });
}

/** Lets every promise that is settled be heard of. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('admissionQueue', () => {
  it('runs as much at once as it may, and the rest in the order in which it came', async () => {
    const queue = open(2, 2);
    const works = [work(), work(), work(), work()] as const;
    const results = works.map((each) => queue.run(each.run, never));
    await settled();
    expect(works.map(({ begun }) => begun)).toEqual([true, true, false, false]);
    expect(queue.waiting).toBe(2);
    works[1].end('second');
    await settled();
    expect(works.map(({ begun }) => begun)).toEqual([true, true, true, false]);
    works[0].end('first');
    works[2].end('third');
    works[3].end('fourth');
    expect(await Promise.all(results)).toEqual(['first', 'second', 'third', 'fourth']);
    expect(queue.waiting).toBe(0);
  });

  it('turns away whom it has no room for, and harms nobody else by it', async () => {
    const queue = open(1, 1);
    const [running, waiting] = [work(), work()];
    const results = [queue.run(running.run, never), queue.run(waiting.run, never)];
    await expect(queue.run(work().run, never)).rejects.toThrow('full with 1');
    running.end('ran');
    waiting.end('waited');
    expect(await Promise.all(results)).toEqual(['ran', 'waited']);
    expect(await queue.run(async () => 'later', never)).toBe('later');
  });

  it('lets a caller that has left out of the line, and its place to another', async () => {
    const queue = open(1, 1);
    const [running, left, next] = [work(), work(), work()];
    const first = queue.run(running.run, never);
    const caller = new AbortController();
    const second = queue.run(left.run, caller.signal);
    await settled();
    caller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    const third = queue.run(next.run, never);
    running.end('ran');
    next.end('next');
    expect(await Promise.all([first, third])).toEqual(['ran', 'next']);
    expect(left.begun).toBe(false);
  });

  it('does not begin for a caller that is gone already', async () => {
    const late = work();
    await expect(open(1, 1).run(late.run, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(late.begun).toBe(false);
  });

  it('goes on after work that failed', async () => {
    const queue = open(1, 1);
    const [failing, next] = [work(), work()];
    const failed = queue.run(failing.run, never);
    const followed = queue.run(next.run, never);
    failing.fail(new Error('broken'));
    next.end('next');
    await expect(failed).rejects.toThrow('broken');
    expect(await followed).toBe('next');
  });
});
