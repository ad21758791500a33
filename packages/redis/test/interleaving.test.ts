import { setTimeout as after } from 'node:timers/promises';
import type { Loaded, Lookup } from '@gatehouse/redis';
import { type LentRedis, lendRedis, waitFor } from '@gatehouse/testing';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Doc, doc, type Instance, openInstance, redisKey } from './instance.ts';

/** Short, so that much was acknowledged longer ago than that. */
const BOUND_MS = 600;
const HEARTBEAT_MS = 50;
const WORKERS = 12;
const STEPS_PER_WORKER = rounds(500, 150);
/** How often the first worker cuts the subscriptions. */
const STEPS_PER_CUT = 60;
/** How many records there are at a time; one that is gone never comes back, and another takes its place. */
const RECORDS = 6;
/** Every so many lookups are of one that is gone. */
const OF_THE_GONE = 0.15;
const NEVER = new AbortController().signal;
let server: LentRedis;
beforeAll(async () => {
  server = await lendRedis();
});
afterAll(() => server.stop());

/** Everything that was ever true of one record, and what was made known of it when. */
interface History {
  readonly states: NonNullable<Loaded<Doc>>[];
  /** Versions whose invalidation has resolved, with the time. */
  readonly acknowledged: { readonly version: bigint; readonly atMs: number }[];
}

interface Member extends Instance {
  /** The newest version of each id that this instance has heard of, or has itself invalidated. */
  readonly knows: Map<string, bigint>;
}

function truth() {
  const records = new Map<string, History>();
  const gone: string[] = [];
  const alive: string[] = [];
  const begin = () => {
    const id = `r${records.size}`;
    records.set(id, { states: [{ version: 1n, value: doc('1') }], acknowledged: [] });
    alive.push(id);
  };
  for (let count = 0; count < RECORDS; count++) begin();
  const of = (id: string): History => records.get(id) ?? expect.unreachable();
  return {
    of,
    alive,
    gone,
    now: (id: string) => of(id).states.at(-1) ?? expect.unreachable(),
    /** The record is gone for good. */
    end(id: string) {
      alive.splice(alive.indexOf(id), 1);
      gone.push(id);
      begin();
    },
    /** The newest version that was acknowledged at least `ageMs` ago. */
    acknowledged: (id: string, ageMs: number) =>
      of(id)
        .acknowledged.filter(({ atMs }) => atMs <= performance.now() - ageMs)
        .reduce((newest, { version }) => (version > newest ? version : newest), 0n),
  };
}

async function join(world: ReturnType<typeof truth>, random: () => number): Promise<Member> {
  const knows = new Map<string, bigint>();
  const instance = await openInstance({
    url: server.url,
    // Small, so that entries are evicted all the time.
    cache: { l1MaxEntries: 4 },
    bus: { heartbeatMs: HEARTBEAT_MS, boundMs: BOUND_MS },
    load: async (id) => {
      if (random() < 0.5) await after(random() * 3);
      const snapshot = world.now(id);
      // The answer is under way while the truth moves on; now and then for long.
      if (random() < 0.7) await after(random() < 0.1 ? random() * 30 : random() * 5);
      return snapshot;
    },
  });
  // Registered after the cache's own, so what is known here the cache has been told.
  instance.bus.on('doc', (id, version) => {
    if (version > (knows.get(id) ?? 0n)) knows.set(id, version);
  });
  return { ...instance, knows };
}

/** The version of an answer. Of something gone only that it was, so the newest version in which it was. */
function versionOf(history: History, lookup: Lookup<Doc>): bigint {
  if (lookup.state === 'absent') return -1n;
  if (lookup.state === 'found') {
    expect(lookup.value.text).toBe(String(lookup.version));
    return lookup.version;
  }
  return history.states.findLast((state) => 'gone' in state)?.version ?? -1n;
}

describe('with two instances', () => {
  it('no answer is ever older than its freshness allows', async () => {
    const { next: random } = seededChance();
    const world = truth();
    const members = [await join(world, random), await join(world, random)];
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] ?? expect.unreachable();
    const seen = { l1: 0, l2: 0, l3: 0, gone: 0, cuts: 0, evictions: 0, flushes: 0 };

    const change = async () => {
      const [member, id] = [pick(members), pick(world.alive)];
      // Before anybody can see the change.
      const place = random() < 0.4 ? await member.cache.reserve(id) : undefined;
      if (!world.alive.includes(id)) return;
      const version = world.now(id).version + 1n;
      const gone = random() < 0.15;
      const state = gone ? { version, gone: String(version) } : { version, value: doc(String(version)) };
      world.of(id).states.push(state);
      if (gone) world.end(id);
      if (random() < 0.3) await after(random() * 3);
      if ('value' in state && place) await member.cache.fill(place, version, state.value);
      await member.cache.invalidate([gone ? { id, version, gone: String(version) } : { id, version }]);
      world.of(id).acknowledged.push({ version, atMs: performance.now() });
      if (version > (member.knows.get(id) ?? 0n)) member.knows.set(id, version);
    };

    const look = async () => {
      const wantsGone = world.gone.length > 0 && random() < OF_THE_GONE;
      const [member, id] = [pick(members), pick(wantsGone ? world.gone : world.alive)];
      const freshness = pick(['bounded', 'bounded', 'bounded', 'strict', 'full'] as const);
      // What this instance has been told, and what everybody could have been told within the bound.
      const told = member.knows.get(id) ?? 0n;
      const due = world.acknowledged(id, freshness === 'bounded' ? BOUND_MS : 0);
      const peeked = freshness === 'bounded' ? member.cache.peek(id) : undefined;
      if (peeked) {
        const version = BigInt(peeked.text);
        expect(version, `peek of ${id}`).toBeGreaterThanOrEqual(told);
        expect(version, `peek of ${id}`).toBeGreaterThanOrEqual(due);
      }
      const lookup = await member.cache.get(id, { freshness, signal: NEVER });
      const version = versionOf(world.of(id), lookup);
      expect(version, `${freshness} lookup of ${id}`).toBeGreaterThanOrEqual(told);
      expect(version, `${freshness} lookup of ${id}`).toBeGreaterThanOrEqual(due);
      seen[lookup.state === 'found' ? lookup.layer : 'gone'] += 1;
    };

    // At any moment, whatever is on its way.
    const evict = async () => {
      await pick(members).redis.client.del(redisKey(pick([...world.alive, ...world.gone])));
      seen.evictions += 1;
    };

    const flush = async () => {
      await pick(members).redis.client.flushall();
      seen.flushes += 1;
    };

    const cut = async () => {
      await pick(members).redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      seen.cuts += 1;
    };

    const distrust = async () => {
      const { cache } = pick(members);
      cache.distrustL2();
      await after(random() * 20);
      cache.trustL2();
    };

    const work = async (worker: number) => {
      for (let step = 0; step < STEPS_PER_WORKER; step += 1) {
        if (worker === 0 && step % STEPS_PER_CUT === STEPS_PER_CUT - 1) await cut();
        const dice = random();
        if (dice < 0.82) await look();
        else if (dice < 0.93) await change();
        else if (dice < 0.98) await evict();
        else if (dice < 0.985) await flush();
        else if (dice < 0.99) await distrust();
        if (random() < 0.2) await after(random() * 4);
      }
    };
    try {
      await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
      // Each path has really been taken.
      for (const [path, count] of Object.entries(seen)) expect(count, path).toBeGreaterThan(0);
      await waitFor(() => members.every(({ bus }) => bus.current));
    } finally {
      await Promise.all(members.map((member) => member.close()));
      await server.flush();
    }
  });
});
