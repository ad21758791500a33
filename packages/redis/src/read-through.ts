import { isFailure } from '@gatehouse/failure';
import { showCacheMetrics } from './cache-metrics.ts';
import { cancellation } from './cancellation.ts';
import { decodeEntry, type Entry } from './entry.ts';
import { openL2 } from './l2.ts';
import type { Loaded, Lookup, LookupOptions, ReadThrough, ReadThroughOptions } from './lookup.ts';
import { showLookupTimes } from './lookup-times.ts';
import { createMemory, type Reading } from './memory.ts';
import { larger, shareTruth } from './truth.ts';

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
  const putQuietly = async (id: string, entry: () => Entry, ttlMs?: number): Promise<boolean> => {
    try {
      return await l2.put(id, entry(), ttlMs);
    } catch (error) {
      counts.unwritten += 1;
      complain(error, 'entry not put into Redis');
      return false;
    }
  };
  const putValue = (id: string, version: bigint, value: V) =>
    putQuietly(id, () => ({ kind: 'value', version, payload: encode(value) }), expiresAtMs(value) - nowMs());

  const truth = shareTruth<V>(async (id, signal) => {
    const reading = memory.begin(id);
    try {
      const loaded = await options.load(id, signal);
      if (loaded === undefined || signal.aborted || loaded.version < floorOf(reading)) return loaded;
      // A Redis that was lost meanwhile may have come back without the entry that would keep an old one out.
      if (!memory.isIntact(reading)) return loaded;
      if ('gone' in loaded) {
        void putQuietly(id, () => guardEntry(loaded));
      } else {
        void putValue(id, loaded.version, loaded.value);
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

  /** What Redis answers, or else the version that the truth has to have at least. */
  const askRedis = async (id: string, minVersion: bigint, reading: Reading): Promise<Lookup<V> | bigint> => {
    if (!l2Trusted || !redis.usable) return minVersion;
    const distrustsBefore = distrusts;
    const startedAtMs = performance.now();
    try {
      const bytes = await l2.read(id);
      // What was on its way when trust was withdrawn is not believed, even if trust is back.
      if (distrusts !== distrustsBefore) return minVersion;
      const entry = bytes ? decodeEntry(bytes) : undefined;
      const answer = answerOf(entry, larger(minVersion, floorOf(reading)), reading);
      counts[answer ? 'hits' : 'misses'].l2 += 1;
      if (answer) return answer;
      return entry?.kind === 'stale' ? larger(minVersion, entry.version) : minVersion;
    } catch (error) {
      counts.unreadable += 1;
      complain(error, 'entry not read from Redis');
      return minVersion;
    } finally {
      times.note('l2', startedAtMs);
    }
  };
  const askTruth = async (id: string, floor: bigint, lookup: LookupOptions, reading: Reading): Promise<Loaded<V>> => {
    const startedAtMs = performance.now();
    try {
      return await truth.read(id, floor, lookup, reading);
    } finally {
      times.note('l3', startedAtMs);
    }
  };
  const answerOf = (seen: Entry | undefined, floor: bigint, reading: Reading): Lookup<V> | undefined => {
    if (seen?.kind === 'gone') return { state: 'gone', note: seen.note };
    if (seen?.kind !== 'value' || seen.version < floor) return undefined;
    // The value is decoded from a copy: the payload is a window on the socket's buffer, and would keep all of that.
    const known = memory.recognize(reading.id, seen.version);
    const entry = known ?? entryOf(seen.version, decode(Buffer.from(seen.payload), reading.id));
    if (entry.expiresAtMs <= nowMs()) return undefined;
    if (!known) memory.keep(reading, entry);
    return { state: 'found', value: entry.value, version: entry.version, layer: 'l2' };
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
        const answer = freshness === 'full' ? minVersion : await askRedis(id, minVersion, reading);
        if (signal.aborted) throw cancellation(signal);
        if (typeof answer !== 'bigint') return answer;
        lookup.beforeTruth?.();
        const loaded = await askTruth(id, answer, lookup, reading);
        counts[loaded ? 'hits' : 'misses'].l3 += 1;
        return toLookup(loaded);
      } finally {
        memory.end(reading);
      }
    },
    async fill(id, version, value) {
      outdate(id, version);
      const reading = memory.begin(id);
      // Only what Redis has taken is kept: if it has something newer, the announcement of that may be long past.
      if (await putValue(id, version, value)) memory.keep(reading, entryOf(version, value));
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

function guardEntry({ version, gone }: { readonly version: bigint; readonly gone?: string }): Entry {
  return gone === undefined ? { kind: 'stale', version } : { kind: 'gone', version, note: gone };
}

function toLookup<V>(loaded: Loaded<V>): Lookup<V> {
  if (loaded === undefined) return { state: 'absent' };
  if ('gone' in loaded) return { state: 'gone', note: loaded.gone };
  return { state: 'found', value: loaded.value, version: loaded.version, layer: 'l3' };
}
