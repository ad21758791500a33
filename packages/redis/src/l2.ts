import { defineScript } from './define-script.ts';
import { type Entry, encodeEntry, newStamp, PAYLOAD_BYTES_MAX } from './entry.ts';
import { gatherReads } from './gathered-reads.ts';
import type { RedisStore } from './open-redis.ts';

/** A tombstone or a stale marker is kept at least this long: it answers for those who can't ask the truth. */
const GUARD_TTL_MIN_MS = 60_000;
/** How long a place is kept for a value: longer than the truth may take to be read. */
const RESERVED_MS = 10_000;

/** The entries in Redis. Whatever it is asked rejects as the store's client does. */
export interface L2 {
  /** What encodeEntry wrote, or null. The buffer is a window on that of the socket. */
  read(id: string): Promise<Buffer | null>;
  /**
   * Takes the place of a value that is about to be read from the truth, and answers with the stamp to put it with; empty
   * where there is a value or a tombstone. With `version`, one that is about to exist, what is older gives way.
   */
  reserve(id: string, version?: bigint): Promise<string>;
  /**
   * Puts an entry unless there is a newer one; says whether it was put. A value also needs to replace an older one, or a
   * marker or a reservation with the stamp that was seen before the value was read.
   */
  put(id: string, entry: Entry, options?: PutOptions): Promise<boolean>;
}

export interface PutOptions {
  /** Cut to the layer's own. */
  readonly ttlMs?: number | undefined;
  readonly stamp?: string | undefined;
}

/** Opens the layer. A value with no time left is not put; one of more than PAYLOAD_BYTES_MAX rejects with RangeError. */
export function openL2(redis: RedisStore, redisKey: (id: string) => string, maxTtlMs: number): L2 {
  const put = defineScript<number>(redis, 'gatehousePut', new URL('./scripts/put.lua', import.meta.url));
  const reserve = defineScript<string>(redis, 'gatehouseReserve', new URL('./scripts/reserve.lua', import.meta.url));
  const read = gatherReads(redis);
  return {
    read: (id) => read(redisKey(id)),
    reserve(id, version) {
      const reservation = encodeEntry({ kind: 'reserved', stamp: newStamp() });
      return reserve([redisKey(id)], [reservation, RESERVED_MS, version === undefined ? '' : versionBytes(version)]);
    },
    async put(id, entry, { ttlMs = Number.POSITIVE_INFINITY, stamp = '' } = {}) {
      const limitMs = entry.kind === 'value' ? maxTtlMs : Math.max(maxTtlMs, GUARD_TTL_MIN_MS);
      const keptMs = Math.floor(Math.min(ttlMs, limitMs));
      if (keptMs <= 0) return false;
      if (entry.kind === 'value' && entry.payload.length > PAYLOAD_BYTES_MAX) {
        throw new RangeError(`A cached value has at most ${PAYLOAD_BYTES_MAX} bytes.`);
      }
      return (await put([redisKey(id)], [encodeEntry(entry), keptMs, stamp])) === 1;
    },
  };
}

function versionBytes(version: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(version);
  return bytes;
}
