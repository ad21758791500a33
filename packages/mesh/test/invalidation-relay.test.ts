import { randomUUID } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import { type Invalidation, type InvalidationRelay, startInvalidationRelay } from '@gatehouse/mesh';
import { type Database, openDatabase, statement } from '@gatehouse/postgres';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { createTestDatabase, type TestDatabase, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let database: TestDatabase;
let db: Database;
let relays: InvalidationRelay[];

beforeEach(async () => {
  database = await createTestDatabase('session');
  db = openDatabase({ url: database.url, applicationName: 'relay', logger: silentLogger });
  relays = [];
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  await db.close();
  await database.drop();
});

interface State {
  usable: boolean;
  failing: boolean;
  trusted: boolean;
  /** That of the database; undefined while it is not known. */
  timeline: bigint | undefined;
  /** The versions that were confirmed to be of it. */
  confirmed: bigint[];
  onConfirm?: () => void;
  /** Called before the cache takes what it is told. */
  onTell?: () => Promise<void>;
}
type Recent = NonNullable<Parameters<typeof startInvalidationRelay>[0]['recent']>;

interface InstanceOptions {
  readonly recent?: Recent;
  readonly timeline?: undefined;
  readonly boundMs?: number;
}

/** A cache and a Redis that fail when a test says so. */
function instance({ recent, boundMs = 60_000, ...given }: InstanceOptions = {}) {
  const told: Invalidation[] = [];
  const state: State = { usable: true, failing: false, trusted: true, timeline: 1n, confirmed: [], ...given };
  const listeners = { outage: () => {}, recovery: () => {}, loss: () => {} };
  const relay = startInvalidationRelay({
    db,
    schema: 'session',
    cache: {
      invalidate: async (items) => {
        if (state.failing) throw new Failure('unavailable', 'REDIS_UNAVAILABLE', 'Redis does not answer.');
        await state.onTell?.();
        told.push(...items);
      },
      distrustL2: () => {
        state.trusted = false;
      },
      trustL2: () => {
        state.trusted = true;
      },
      get l2Trusted() {
        return state.trusted;
      },
    },
    redis: {
      get usable() {
        return state.usable;
      },
      onOutage: (listener) => {
        listeners.outage = listener;
      },
      onRecovery: (listener) => {
        listeners.recovery = listener;
      },
    },
    bus: {
      boundMs,
      onLoss: (listener) => {
        listeners.loss = listener;
      },
    },
    timeline: {
      get current() {
        return state.timeline;
      },
      async confirm(version) {
        state.confirmed.push(version);
        state.onConfirm?.();
      },
    },
    ...(recent ? { recent } : {}),
    logger: silentLogger,
    registry: createRegistry('session'),
    pollMs: 20,
  });
  relays.push(relay);
  return { relay, told, state, listeners };
}

const COUNT = statement<{ waiting: bigint }>('relay.count', 'select count(*) as waiting from session.invalidations');
const waiting = async () => (await db.query(COUNT))[0]?.waiting;
const revoked = (): Invalidation => ({ id: randomUUID(), version: 2n, gone: 'logout' });

describe('an invalidation', () => {
  it('is told after the commit and then forgotten', async () => {
    const { relay, told } = instance();
    const item = revoked();
    await db.transaction(async (tx) => relay.stage(tx, [item]));
    await relay.settle([item]);
    expect(told).toContainEqual(item);
    expect(await waiting()).toBe(0n);
  });

  it('that nobody told, because its process died, is told by another instance', async () => {
    const { relay } = instance();
    await relay.stop();
    const [gone, changed] = [revoked(), { id: randomUUID(), version: 7n }];
    await db.transaction(async (tx) => relay.stage(tx, [gone, changed]));
    const other = instance();
    await waitFor(() => other.told.length === 2);
    expect(other.told).toEqual([gone, changed]);
    await waitFor(async () => (await waiting()) === 0n);
  });

  it('that could not be told stays, and is told when that is possible again', async () => {
    const { relay, told, state } = instance({ boundMs: 100 });
    state.failing = true;
    const item = revoked();
    await db.transaction(async (tx) => relay.stage(tx, [item]));
    await relay.settle([item]);
    expect(await waiting()).toBe(1n);
    state.failing = false;
    await waitFor(async () => (await waiting()) === 0n);
    expect(told).toContainEqual(item);
  });

  it('is told only after its version was confirmed to be of the timeline that is known', async () => {
    const { relay, told, state } = instance();
    const items = [revoked(), { id: randomUUID(), version: 9n }, revoked()];
    let toldBefore: number | undefined;
    state.onConfirm = () => {
      toldBefore = told.length;
    };
    await relay.settle(items);
    expect(state.confirmed).toEqual([9n]);
    expect(toldBefore).toBe(0);
    expect(told).toEqual(items);
  });

  it('of a rolled back change is never told', async () => {
    const { relay, told } = instance();
    const work = db.transaction(async (tx) => {
      await relay.stage(tx, [revoked()]);
      throw new Error('undone');
    });
    await expect(work).rejects.toThrow('undone');
    const after = revoked();
    await db.transaction(async (tx) => relay.stage(tx, [after]));
    await waitFor(() => told.length > 0);
    expect(told).toEqual([after]);
  });

  it('is not forgotten with an older one of the same record', async () => {
    const { relay } = instance();
    // Without the sweep, so that only what is settled here can go.
    await relay.stop();
    const id = randomUUID();
    await db.transaction(async (tx) =>
      relay.stage(tx, [
        { id, version: 2n },
        { id, version: 3n },
      ]),
    );
    await relay.settle([{ id, version: 2n }]);
    expect(await waiting()).toBe(1n);
  });
});

describe('a change that this instance can not tell of', () => {
  it('is answered when another instance has told of all of it, and not before', async () => {
    const { relay, state } = instance();
    state.failing = true;
    const other = instance();
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    other.state.onTell = () => {
      asked.resolve();
      return released.promise;
    };
    const items = [revoked(), { id: randomUUID(), version: 7n }, revoked()];
    await db.transaction(async (tx) => relay.stage(tx, items));
    let isAnswered = false;
    const settled = relay.settle(items).then(() => {
      isAnswered = true;
    });
    await asked.promise;
    for (let looks = 0; looks < 10; looks++) await waiting();
    const wasAnsweredBefore = isAnswered;
    released.resolve();
    expect(wasAnsweredBefore).toBe(false);
    await settled;
    expect(other.told).toEqual(items);
    expect(await waiting()).toBe(0n);
  });

  it('is answered although changes of others, and later ones of the same record, still wait', async () => {
    const { relay, state } = instance();
    state.failing = true;
    const item = revoked();
    const later = { id: item.id, version: item.version + 1n };
    await db.transaction(async (tx) => relay.stage(tx, [later, revoked()]));
    await relay.settle([item]);
    expect(await waiting()).toBe(2n);
  });

  it('is answered when the bound is over and nobody could tell, and while Postgres does not say who did', async () => {
    const { relay, state } = instance({ boundMs: 150 });
    state.failing = true;
    const item = revoked();
    await db.transaction(async (tx) => relay.stage(tx, [item]));
    const startedAtMs = performance.now();
    await relay.settle([item]);
    // A timer counts in whole milliseconds from the last turn of the event loop, and may end a little earlier.
    expect(performance.now() - startedAtMs).toBeGreaterThan(120);
    expect(await waiting()).toBe(1n);
    await db.close();
    await relay.settle([item]);
  });

  it('is waited for by many at once, and by nobody any more when the relay stops', async () => {
    const { relay, state } = instance();
    state.failing = true;
    const items = Array.from({ length: 50 }, revoked);
    await db.transaction(async (tx) => relay.stage(tx, items));
    const settled = items.map((item) => relay.settle([item]));
    const last = revoked();
    await db.transaction(async (tx) => relay.stage(tx, [last]));
    const other = instance();
    await Promise.all(settled);
    await other.relay.stop();
    const more = revoked();
    await db.transaction(async (tx) => relay.stage(tx, [more]));
    const waitingForOne = relay.settle([more]);
    await relay.stop();
    await waitingForOne;
    expect(await waiting()).toBe(1n);
  });
});

describe('the shared cache', () => {
  it('is not trusted after an outage until nothing waits any more', async () => {
    const { relay, state, listeners } = instance();
    state.usable = false;
    listeners.outage();
    expect(state.trusted).toBe(false);
    await db.transaction(async (tx) => relay.stage(tx, [revoked()]));
    state.failing = true;
    state.usable = true;
    listeners.recovery();
    // Redis answers again, but has not heard of the revocation: as long as that is so there is no trust.
    for (let polls = 0; polls < 5; polls++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(state.trusted).toBe(false);
    }
    state.failing = false;
    await waitFor(() => state.trusted);
    expect(await waiting()).toBe(0n);
  });

  it('is not trusted after an outage before what was changed lately has been told once more, all of it and once', async () => {
    const pages = [[revoked(), revoked()], [revoked()]];
    const windows: number[] = [];
    const { told, state, listeners } = instance({
      async *recent(windowMs) {
        windows.push(windowMs);
        for (const page of pages) {
          expect(state.trusted).toBe(false);
          yield page;
        }
      },
    });
    await waitFor(() => state.trusted);
    // It does not know what was lost before it started.
    expect(told).toEqual(pages.flat());
    state.usable = false;
    listeners.outage();
    const outageMs = performance.now() + 100;
    await waitFor(() => performance.now() > outageMs);
    state.usable = true;
    listeners.recovery();
    await waitFor(() => state.trusted);
    expect(told).toEqual([...pages.flat(), ...pages.flat()]);
    expect(windows).toHaveLength(2);
    // A minute before Redis was lost, and since.
    expect(windows[0]).toBeLessThan(60_000 + 5_000);
    expect(windows[1]).toBeGreaterThanOrEqual(60_000 + 50);
  });

  it('is not trusted after it has lost what it had, though its connections stand, before it was told once more', async () => {
    const { told, state, listeners } = instance({
      async *recent() {
        yield [revoked()];
      },
    });
    await waitFor(() => state.trusted);
    state.failing = true;
    listeners.loss();
    expect(state.trusted).toBe(false);
    for (let looks = 0; looks < 10; looks++) await waiting();
    expect(state.trusted).toBe(false);
    state.failing = false;
    await waitFor(() => state.trusted);
    expect(told).toHaveLength(2);
  });

  it('is not trusted while the timeline of the database is not known', async () => {
    const { state, told } = instance({
      async *recent() {
        yield [revoked()];
      },
      timeline: undefined,
    });
    await waitFor(() => told.length > 0);
    for (let polls = 0; polls < 5; polls++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(state.trusted).toBe(false);
    }
    state.timeline = 1n;
    await waitFor(() => state.trusted);
  });

  it('is not trusted while what was changed lately can not be told', async () => {
    const { told, state, listeners } = instance({
      async *recent() {
        yield [revoked()];
      },
    });
    await waitFor(() => state.trusted);
    state.failing = true;
    listeners.outage();
    listeners.recovery();
    for (let polls = 0; polls < 5; polls++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(state.trusted).toBe(false);
    }
    state.failing = false;
    await waitFor(() => state.trusted);
    expect(told).toHaveLength(2);
  });
});
