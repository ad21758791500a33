// Long because the layers of a lookup share what they learn, and each rule reads beside the one that it rests on.
import { isFailure } from '@gatehouse/failure';
import { showCacheMetrics } from './cache-metrics.ts';
import { cancellation } from './cancellation.ts';
import { decodeEntry, type Entry, newStamp } from './entry.ts';
import { openL2, type PutOptions } from './l2.ts';
import type { Loaded, Lookup, LookupOptions, ReadThrough, ReadThroughOptions } from './lookup.ts';
import { showLookupTimes } from './lookup-times.ts';
import { createMemory, type Reading } from './memory.ts';
import { larger, type Place, shareTruth } from './truth.ts';

/** How many entries of one invalidation are on their way to Redis at once. */
const INVALIDATION_BATCH = 256;

/**
 * A cache of records in three layers: memory (L1), Redis (L2) and the truth behind `load` (L3). Versions decide: they
 * grow with every change of a record, so that whoever is slow never replaces what is newer.
 */
export function readThrough<V>(options: ReadThroughOptions<V>): ReadThrough<V> {
  const { redis, bus, topic, clock, logger, encode, decode, expiresAtMs } = options;
  const memory = createMemory<V>(bus, clock, options.l1MaxEntries);
  const l2 = openL2(redis, options.redisKey, options.l2TtlMs);
  const { counts, hide } = showCacheMetrics(options.registry, topic, () => memory.size);
  const times = showLookupTimes(options.registry, topic);
  let l2Trusted = true;
  let distrusts = 0;

  const lowestVersion = options.lowestVersion ?? (() => 0n);
  const nowMs = () => clock.nowMs();
  const entryOf = (version: bigint, value: V) => ({ version, value, expiresAtMs: expiresAtMs(value) });
  const complain = (error: unknown, message: string) =>
    logger[isFailure(error) ? 'debug' : 'warn']({ topic, err: error }, message);

  const floorOf = (reading: Reading) => larger(reading.announced.floor, lowestVersion());

  /** Puts what nobody waits for into Redis. Says whether it was put; a failure is only counted. */
  const putQuietly = async (id: string, entry: () => Entry, put?: PutOptions): Promise<boolean> => {
    try {
      return await l2.put(id, entry(), put);
    } catch (error) {
      counts.unwritten += 1;
      complain(error, 'entry not put into Redis');
      return false;
    }
  };
  const putValue = (id: string, version: bigint, value: V, stamp: string | undefined) =>
    putQuietly(id, () => ({ kind: 'value', version, payload: encode(value) }), {
      ttlMs: expiresAtMs(value) - nowMs(),
      stamp,
    });
  /** The stamp to put a value with that is read after this; undefined when there is none to be had. */
  const reserveQuietly = async (id: string, version?: bigint): Promise<string | undefined> => {
    if (!redis.usable) {
      counts.unwritten += 1;
      return undefined;
    }
    try {
      return await l2.reserve(id, version);
    } catch (error) {
      counts.unwritten += 1;
      complain(error, 'place not reserved in Redis');
      return undefined;
    }
  };
  /** What was learnt elsewhere outdates what memory holds, even if no announcement of it ever came. */
  const learn = (id: string, learnt: Loaded<V>) => {
    if (learnt === undefined) return memory.forget(id);
    memory.outdate(id, 'gone' in learnt ? learnt.version : learnt.version - 1n);
    if ('gone' in learnt) memory.forget(id);
  };

  const truth = shareTruth<V>(async (id, signal, place) => {
    const reading = memory.begin(id);
    try {
      const stamp = place === 'ask' ? await reserveQuietly(id) : place.stamp;
      const loaded = await options.load(id, signal);
      if (signal.aborted || (loaded !== undefined && loaded.version < floorOf(reading))) return loaded;
      learn(id, loaded);
      // A Redis that was lost meanwhile may have come back without the entry that would keep an old one out.
      if (loaded === undefined || !memory.isIntact(reading)) return loaded;
      if ('gone' in loaded) {
        void putQuietly(id, () => guardEntry(loaded));
      } else {
        void putValue(id, loaded.version, loaded.value, stamp);
        memory.keep(reading, entryOf(loaded.version, loaded.value));
      }
      return loaded;
    } finally {
      memory.end(reading);
    }
  }, bus.boundMs);

  const outdate = (id: string, version: bigint) => {
    memory.outdate(id, version);
    truth.detach(id);
  };
  const reset = () => {
    memory.reset();
    truth.detachAll();
  };

  /** What Redis answers, or else what the truth is to be asked for. */
  const askRedis = async (id: string, minVersion: bigint, reading: Reading): Promise<Lookup<V> | Miss> => {
    if (!l2Trusted || !redis.usable) return { floor: minVersion, place: NO_PLACE };
    const distrustsBefore = distrusts;
    const startedAtMs = performance.now();
    try {
      const bytes = await l2.read(id);
      // What was on its way when trust was withdrawn is not believed, even if trust is back.
      if (distrusts !== distrustsBefore) return { floor: minVersion, place: NO_PLACE };
      const entry = bytes ? decodeEntry(bytes) : undefined;
      const answer = answerOf(entry, larger(minVersion, floorOf(reading)), reading);
      counts[answer ? 'hits' : 'misses'].l2 += 1;
      return answer ?? missOf(entry, minVersion, id);
    } catch (error) {
      counts.unreadable += 1;
      complain(error, 'entry not read from Redis');
      return { floor: minVersion, place: NO_PLACE };
    } finally {
      times.note('l2', startedAtMs);
    }
  };
  const askTruth = async (id: string, miss: Miss, lookup: LookupOptions, reading: Reading): Promise<Loaded<V>> => {
    const startedAtMs = performance.now();
    try {
      return await truth.read(id, miss.floor, lookup, reading, miss.place);
    } finally {
      times.note('l3', startedAtMs);
    }
  };
  const answerOf = (seen: Entry | undefined, floor: bigint, reading: Reading): Lookup<V> | undefined => {
    if (seen?.kind === 'gone') {
      learn(reading.id, { version: seen.version, gone: seen.note });
      return { state: 'gone', note: seen.note };
    }
    if (seen?.kind !== 'value' || seen.version < floor) return undefined;
    const held = memory.held(reading.id);
    // Redis has lost what memory has seen: the truth decides.
    if (held !== undefined && held.version > seen.version) return undefined;
    const known = held?.version === seen.version ? held : undefined;
    // The value is decoded from a copy: the payload is a window on the socket's buffer, and would keep all of that.
    const entry = known ?? entryOf(seen.version, decode(Buffer.from(seen.payload), reading.id));
    if (entry.expiresAtMs <= nowMs()) return undefined;
    if (!known) {
      learn(reading.id, entry);
      memory.keep(reading, entry);
    }
    return { state: 'found', value: entry.value, version: entry.version, layer: 'l2' };
  };
  const missOf = (seen: Entry | undefined, minVersion: bigint, id: string): Miss => {
    const floor = seen?.kind === 'stale' ? larger(minVersion, seen.version) : minVersion;
    if (seen?.kind === 'stale') memory.outdate(id, seen.version - 1n);
    const stamp = seen?.kind === 'stale' || seen?.kind === 'reserved' ? seen.stamp : undefined;
    return { floor, place: stamp === undefined ? 'ask' : { stamp } };
  };

  bus.on(topic, outdate);
  bus.onReset(reset);
  redis.onOutage(reset);
  return {
    peek(id, minVersion) {
      const entry = memory.recall(id, minVersion);
      if (entry === undefined) return undefined;
      counts.hits.l1 += 1;
      return entry.value;
    },
    async get(id, lookup) {
      const { freshness, minVersion = -1n, signal } = lookup;
      if (freshness === 'bounded') {
        const entry = memory.recall(id, minVersion);
        counts[entry ? 'hits' : 'misses'].l1 += 1;
        if (entry) return { state: 'found', value: entry.value, version: entry.version, layer: 'l1' };
      }
      if (signal.aborted) throw cancellation(signal);
      const reading = memory.begin(id);
      try {
        const miss = { floor: minVersion, place: NO_PLACE };
        const answer = freshness === 'full' ? miss : await askRedis(id, minVersion, reading);
        if (signal.aborted) throw cancellation(signal);
        if ('state' in answer) return answer;
        lookup.beforeTruth?.();
        const loaded = await askTruth(id, answer, lookup, reading);
        counts[loaded ? 'hits' : 'misses'].l3 += 1;
        return toLookup(loaded);
      } finally {
        memory.end(reading);
      }
    },
    async reserve(id, version) {
      return { id, stamp: await reserveQuietly(id, version) };
    },
    async fill({ id, stamp }, version, value) {
      outdate(id, version);
      if (stamp === undefined) return;
      const reading = memory.begin(id);
      // Only what Redis has taken is kept: if there is something newer, the announcement of that may be long past.
      if (await putValue(id, version, value, stamp)) memory.keep(reading, entryOf(version, value));
      memory.end(reading);
    },
    async invalidate(items) {
      for (const { id, version } of items) outdate(id, version);
      try {
        for (let start = 0; start < items.length; start += INVALIDATION_BATCH) {
          const batch = items.slice(start, start + INVALIDATION_BATCH);
          await Promise.all(batch.map((item) => l2.put(item.id, guardEntry(item))));
        }
        await bus.publish(topic, items);
      } finally {
        // Once more, because this instance may have read the old entry before Redis had the new one.
        for (const { id, version } of items) outdate(id, version);
      }
    },
    forget: reset,
    distrustL2() {
      if (!l2Trusted) return;
      l2Trusted = false;
      distrusts += 1;
      // What is in memory may have come from there.
      reset();
    },
    trustL2() {
      l2Trusted = true;
    },
    get l2Trusted() {
      return l2Trusted;
    },
    close() {
      hide();
      times.hide();
      reset();
    },
  };
}

/** What the truth is to be asked for: a version of at least `floor`, and where in Redis it goes. */
interface Miss {
  readonly floor: bigint;
  readonly place: Place;
}

const NO_PLACE: Place = { stamp: undefined };

function guardEntry({ version, gone }: { readonly version: bigint; readonly gone?: string }): Entry {
  return gone === undefined ? { kind: 'stale', version, stamp: newStamp() } : { kind: 'gone', version, note: gone };
}

function toLookup<V>(loaded: Loaded<V>): Lookup<V> {
  if (loaded === undefined) return { state: 'absent' };
  if ('gone' in loaded) return { state: 'gone', note: loaded.gone };
  return { state: 'found', value: loaded.value, version: loaded.version, layer: 'l3' };
}
