import { Failure } from '@gatehouse/failure';
import type { Database } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import type { InvalidationBus } from '@gatehouse/redis';
import { waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KnownKeys, keepKeysKnown } from './known-keys.ts';

const unavailable = new Failure('unavailable', 'POSTGRES_UNAVAILABLE', 'Postgres does not answer.');

/** What Postgres holds, and how often it was asked; `answer` ends a read that is held. */
let stored: string[];
let reads: number;
let answer: (() => void) | undefined;
let holding: boolean;
let failing: boolean;
let bus: {
  current: boolean;
  isAway: boolean;
  tell(kid: string, version: bigint): void;
  reset(): void;
  published: unknown[];
};
let known: KnownKeys;

beforeEach(async () => {
  [stored, reads, answer, holding, failing] = [['a'], 0, undefined, false, false];
  const listeners: ((kid: string, version: bigint) => void)[] = [];
  const resets: (() => void)[] = [];
  bus = {
    current: true,
    isAway: false,
    tell: (kid, version) => {
      for (const each of listeners) each(kid, version);
    },
    reset: () => {
      for (const each of resets) each();
    },
    published: [],
  };
  const query = async () => {
    reads += 1;
    if (failing) throw unavailable;
    const rows = stored.map((kid) => ({
      kid,
      created_at: new Date(0),
      activates_at: new Date(0),
      revoked_at: null,
      private_key_sealed: Buffer.of(),
    }));
    if (holding) await new Promise<void>((resolve) => (answer = resolve));
    return rows;
  };
  const double: Pick<InvalidationBus, 'on' | 'onReset' | 'publish' | 'boundMs' | 'current'> = {
    boundMs: 1_000,
    get current() {
      return bus.current;
    },
    on: (_topic, listener) => void listeners.push(listener),
    onReset: (listener) => void resets.push(listener),
    publish: async (_topic, items) => {
      if (bus.isAway) throw new Failure('unavailable', 'REDIS_UNAVAILABLE', 'Redis does not answer.');
      bus.published.push(items);
    },
  };
  const db = { within: () => ({ query }) } as unknown as Database;
  known = keepKeysKnown({ db, bus: double as InvalidationBus, logger: silentLogger });
  await known.current();
});
afterEach(() => {
  holding = false;
  answer?.();
  return known.stop();
});

const kids = async () => (await known.current()).map(({ kid }) => kid).sort();

describe('the keys that an instance knows', () => {
  it('are answered from memory while the bus is current', async () => {
    const before = reads;
    for (let i = 0; i < 100; i++) await kids();
    expect(reads - before).toBeLessThan(3);
  });

  it('are read again after word of a change, before anybody is answered', async () => {
    stored = ['a', 'b'];
    bus.tell('b', 1n);
    expect(await kids()).toEqual(['a', 'b']);
    stored = ['b'];
    bus.reset();
    expect(await kids()).toEqual(['b']);
  });

  it('are read once more when the word comes while they are being read', async () => {
    holding = true;
    bus.tell('a', 1n);
    await waitFor(() => answer);
    const asked = kids();
    stored = ['a', 'b'];
    const end = answer;
    holding = false;
    bus.tell('b', 1n);
    end?.();
    expect(await asked).toEqual(['a', 'b']);
  });

  it('are one less as soon as the word comes that one was revoked, whatever Postgres does', async () => {
    failing = true;
    bus.tell('a', 2n);
    expect(known.latest).toEqual([]);
    await expect(known.current()).rejects.toBe(unavailable);
  });

  it('are not answered without Postgres when it is not known whether they have changed', async () => {
    failing = true;
    expect(await kids()).toEqual(['a']);
    bus.reset();
    await expect(known.current()).rejects.toBe(unavailable);
    expect(known.latest).toHaveLength(1);
    failing = false;
    expect(await kids()).toEqual(['a']);
  });

  it('are answered from memory only within the bound while the bus is not current', async () => {
    bus.current = false;
    const before = reads;
    for (let i = 0; i < 100; i++) await kids();
    expect(reads - before).toBeLessThan(3);
    failing = true;
    await waitFor(() =>
      known.current().then(
        () => false,
        (error) => error === unavailable,
      ),
    );
  });

  it('are not made older by a read that comes late', async () => {
    holding = true;
    const late = known.reread();
    await waitFor(() => answer);
    const end = answer;
    holding = false;
    stored = ['b'];
    bus.tell('b', 1n);
    expect(await kids()).toEqual(['b']);
    end?.();
    await late;
    expect(known.latest?.map(({ kid }) => kid)).toEqual(['b']);
  });

  it('are found to have changed also when nobody tells', async () => {
    stored = ['b'];
    await waitFor(async () => (await kids())[0] === 'b');
  });

  it('are told about after a change, revoked ones as such', async () => {
    stored = ['b'];
    await known.announce({ changed: ['b'], revoked: ['a'] });
    expect(bus.published).toEqual([
      [
        { id: 'b', version: 1n },
        { id: 'a', version: 2n },
      ],
    ]);
    expect(known.latest?.map(({ kid }) => kid)).toEqual(['b']);
  });

  it('are waited for until all have found them, when one was revoked of which nobody could be told', async () => {
    bus.isAway = true;
    await known.announce({ changed: ['b'] });
    const startedAtMs = performance.now();
    await known.announce({ changed: [], revoked: ['a'] });
    // The bound, and as often as every instance reads the keys.
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(999);
  });
});
