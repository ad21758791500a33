import { describe, expect, it } from 'vitest';
import { openModelCache } from '../src/store/model-cache.ts';

/** A Postgres that answers when it is told to, and a revision that is known, or not, as it is told. */
function stand() {
  const state = { revision: 1n, known: undefined as bigint | undefined, current: true, loads: 0 };
  const asked: { freshness: string; minVersion?: bigint }[] = [];
  const held: (() => void)[] = [];
  let holding = false;
  const db = {
    async query() {
      state.loads += 1;
      // What a statement sees is settled when it begins, whenever the answer arrives.
      const { revision } = state;
      if (holding) await new Promise<void>((resolve) => held.push(resolve));
      return [{ revision, role_id: null, parent_role_id: null, permissions: [] }];
    },
  };
  const revisions = {
    peek: (_id: string, minVersion = 0n) => ((state.known ?? -1n) >= minVersion ? state.known : undefined),
    async get(_id: string, { freshness, minVersion }: { freshness: string; minVersion?: bigint }) {
      asked.push({ freshness, ...(minVersion === undefined ? {} : { minVersion }) });
      state.known = state.revision;
      return { state: 'found', value: state.revision, version: state.revision, layer: 'l3' };
    },
  };
  const bus = {
    get current() {
      return state.current;
    },
  };
  const models = openModelCache({ db, bus, revisions, loaded: () => {} } as unknown as Parameters<
    typeof openModelCache
  >[0]);
  return {
    state,
    asked,
    models,
    current: (atLeast = 0n) => models.current(atLeast, new AbortController().signal),
    hold: () => {
      holding = true;
    },
    /** Lets the statement go that has waited longest, and with `all` whatever comes. */
    release(all = false) {
      holding = !all;
      held.shift()?.();
    },
  };
}

describe('the model in memory', () => {
  it('is not known before it was loaded', () => {
    const { models, state } = stand();
    state.known = 1n;
    expect(models.peek(0n)).toBeUndefined();
  });

  it('is answered while its revision is known to be the current one', async () => {
    const { models, current, state } = stand();
    expect((await current()).revision).toBe(1n);
    expect(models.peek(1n)?.revision).toBe(1n);
    expect((await current()).revision).toBe(1n);
    expect(state.loads).toBe(1);
  });

  it('is not answered once nobody knows which revision is the current one', async () => {
    const { models, current, state } = stand();
    await current();
    state.known = undefined;
    expect(models.peek(0n)).toBeUndefined();
  });

  it('is not answered when it is older than the current one, and loaded again', async () => {
    const { models, current, state } = stand();
    await current();
    state.revision = 2n;
    state.known = 2n;
    expect(models.peek(0n)).toBeUndefined();
    expect((await current()).revision).toBe(2n);
    expect(models.peek(0n)?.revision).toBe(2n);
  });

  it('is not answered when more is demanded', async () => {
    const { models, current } = stand();
    await current();
    expect(models.peek(2n)).toBeUndefined();
  });

  it('passes on what is demanded, and demands Postgres while the bus is not current', async () => {
    const { asked, current, state } = stand();
    await current(1n);
    state.current = false;
    await current(0n);
    expect(asked).toEqual([
      { freshness: 'bounded', minVersion: 1n },
      { freshness: 'full', minVersion: 0n },
    ]);
  });

  it('is loaded once by many who ask together', async () => {
    const { current, state } = stand();
    const answers = await Promise.all(Array.from({ length: 50 }, () => current()));
    expect(new Set(answers).size).toBe(1);
    expect(state.loads).toBe(1);
  });

  it('is loaded once more when the load that others share began too early', async () => {
    const { models, state, hold, release } = stand();
    hold();
    const early = models.reach(1n);
    state.revision = 2n;
    const late = models.reach(2n);
    release();
    expect((await early).revision).toBe(1n);
    release(true);
    expect((await late).revision).toBe(2n);
    expect(state.loads).toBe(2);
  });

  it('is loaded anew once it was forgotten, and not taken from a load that began before', async () => {
    const { models, current, state, hold, release } = stand();
    state.revision = 7n;
    expect((await current()).revision).toBe(7n);
    // After a failover that lost a change.
    state.revision = 6n;
    models.forget();
    expect(models.peek(0n)).toBeUndefined();
    expect((await current()).revision).toBe(6n);
    models.forget();
    hold();
    const early = models.reach(6n);
    models.forget();
    state.revision = 5n;
    release(true);
    await expect(early).rejects.toThrow('went back');
    expect((await models.reach(5n)).revision).toBe(5n);
  });

  it('is loaded again after Postgres failed', async () => {
    let failures = 1;
    const answer = [{ revision: 1n, role_id: null, parent_role_id: null, permissions: [] }];
    const models = openModelCache({
      db: { query: async () => (failures-- > 0 ? Promise.reject(new Error('down')) : answer) },
      bus: { current: true },
      revisions: { get: async () => ({ state: 'found', value: 1n }), peek: () => 1n },
      loaded: () => {},
    } as unknown as Parameters<typeof openModelCache>[0]);
    const { signal } = new AbortController();
    await expect(models.current(0n, signal)).rejects.toThrow('down');
    expect((await models.current(0n, signal)).revision).toBe(1n);
  });
});
