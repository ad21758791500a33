import { Failure } from '@gatehouse/failure';
import { waitFor } from '@gatehouse/testing';
import { describe, expect, it } from 'vitest';
import { shareLoads } from './loads.ts';

const JOINABLE_MS = 1000;

function controlled() {
  let nowMs = 0;
  const started: { id: string; signal: AbortSignal; finish(value: string): void; fail(error: Error): void }[] = [];
  const loads = shareLoads<string>({
    joinableMs: JOINABLE_MS,
    nowMs: () => nowMs,
    load(id, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      started.push({ id, signal, finish: resolve, fail: reject });
      return promise;
    },
  });
  const call = (options: { id?: string; fresh?: boolean; signal?: AbortSignal } = {}) => {
    const result = loads.run(options.id ?? 'a', {
      fresh: options.fresh ?? false,
      signal: options.signal ?? new AbortController().signal,
      given: undefined,
    });
    result.catch(() => {});
    return result;
  };
  const nth = (index: number) => {
    const load = started[index];
    if (!load) throw new Error(`Only ${started.length} loads have started.`);
    return load;
  };
  return {
    loads,
    call,
    nth,
    started,
    later: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('shared loads', () => {
  it('answer all callers of an id from one load, and each id from its own', async () => {
    const { call, nth, started } = controlled();
    const results = [call(), call(), call({ id: 'b' })];
    expect(started.map(({ id }) => id)).toEqual(['a', 'b']);
    nth(0).finish('A');
    nth(1).finish('B');
    expect(await Promise.all(results)).toEqual(['A', 'A', 'B']);
  });

  it('keep neither a result nor an error', async () => {
    const { call, nth, started } = controlled();
    const first = call();
    nth(0).fail(new Error('down'));
    await expect(first).rejects.toThrow('down');
    const second = call();
    nth(1).finish('A');
    expect(await second).toBe('A');
    call();
    expect(started).toHaveLength(3);
  });

  it('give every caller the error of a load that throws at once', async () => {
    const loads = shareLoads<string>({
      joinableMs: 1,
      nowMs: () => 0,
      load() {
        throw new Error('down');
      },
    });
    await expect(
      loads.run('a', { fresh: false, signal: new AbortController().signal, given: undefined }),
    ).rejects.toThrow('down');
  });

  it('let one caller go without the others', async () => {
    const { call, nth } = controlled();
    const leaver = new AbortController();
    const left = call({ signal: leaver.signal });
    const stayed = call();
    leaver.abort();
    await expect(left).rejects.toMatchObject({ kind: 'cancelled' });
    expect(nth(0).signal.aborted).toBe(false);
    nth(0).finish('A');
    expect(await stayed).toBe('A');
  });

  it('abort a load when its last caller has gone, and start another for the next', async () => {
    const { call, nth, started } = controlled();
    const leaver = new AbortController();
    const left = call({ signal: leaver.signal });
    leaver.abort(new Failure('deadline', 'DEADLINE_EXCEEDED', 'late'));
    await expect(left).rejects.toMatchObject({ kind: 'deadline' });
    expect(nth(0).signal.aborted).toBe(true);
    const next = call();
    expect(started).toHaveLength(2);
    nth(0).fail(new Error('aborted'));
    nth(1).finish('A');
    expect(await next).toBe('A');
  });

  it('refuse a caller that has already gone', async () => {
    const { call, started } = controlled();
    await expect(call({ signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'cancelled' });
    expect(started).toHaveLength(0);
  });

  it('never let a caller who needs a fresh one join a load that has started', async () => {
    const { call, nth, started } = controlled();
    const old = call();
    const fresh = [call({ fresh: true }), call({ fresh: true })];
    expect(started).toHaveLength(1);
    nth(0).finish('old');
    expect(await old).toBe('old');
    expect(started).toHaveLength(2);
    nth(1).finish('new');
    expect(await Promise.all(fresh)).toEqual(['new', 'new']);
    expect(started).toHaveLength(2);
  });

  it('start the fresh one although the one before it fails', async () => {
    const { call, nth } = controlled();
    call();
    const fresh = call({ fresh: true });
    nth(0).fail(new Error('down'));
    await waitFor(() => nth(1).id === 'a');
    nth(1).finish('new');
    expect(await fresh).toBe('new');
  });

  it('do not start a fresh one that nobody waits for, and do not hand it to the next caller', async () => {
    const { call, nth, started } = controlled();
    const old = call();
    const leaver = new AbortController();
    const left = call({ fresh: true, signal: leaver.signal });
    leaver.abort();
    await expect(left).rejects.toMatchObject({ kind: 'cancelled' });
    const fresh = call({ fresh: true });
    nth(0).finish('old');
    await old;
    expect(nth(1).signal.aborted).toBe(false);
    nth(1).finish('new');
    expect(await fresh).toBe('new');
    expect(started).toHaveLength(2);
  });

  it('do not let anyone join a load that is older than the bound', () => {
    const { call, later, started } = controlled();
    call();
    later(JOINABLE_MS - 1);
    call();
    expect(started).toHaveLength(1);
    later(1);
    call();
    call();
    expect(started).toHaveLength(1);
  });

  it('start another for whoever comes after a detach, while the callers before it keep theirs', async () => {
    const { loads, call, nth, started } = controlled();
    const before = call();
    loads.detach('a');
    const after = call();
    expect(started).toHaveLength(2);
    nth(1).finish('new');
    expect(await after).toBe('new');
    nth(0).finish('old');
    expect(await before).toBe('old');
  });

  it('start what waits behind a load as soon as that is detached', async () => {
    const { loads, call, nth } = controlled();
    call();
    const fresh = call({ fresh: true });
    loads.detachAll();
    nth(1).finish('new');
    expect(await fresh).toBe('new');
  });

  it('are given what the caller has for whom they begin', async () => {
    const given: string[] = [];
    const finish: (() => void)[] = [];
    const loads = shareLoads<void, string>({
      joinableMs: JOINABLE_MS,
      nowMs: () => 0,
      load(_id, _signal, one) {
        given.push(one);
        return new Promise<void>((resolve) => finish.push(resolve));
      },
    });
    const { signal } = new AbortController();
    const calls = [
      loads.run('a', { fresh: false, signal, given: 'first' }),
      loads.run('a', { fresh: false, signal, given: 'joins' }),
      loads.run('a', { fresh: true, signal, given: 'next' }),
      loads.run('a', { fresh: true, signal, given: 'joins next' }),
    ];
    finish[0]?.();
    await waitFor(() => given.length === 2);
    finish[1]?.();
    await Promise.all(calls);
    expect(given).toEqual(['first', 'next']);
  });
});
