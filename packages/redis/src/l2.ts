import { defineScript } from './define-script.ts';
import { type Entry, encodeEntry, PAYLOAD_BYTES_MAX } from './entry.ts';
import type { RedisStore } from './open-redis.ts';

/** A tombstone or a stale marker is kept at least this long: longer than any load of what was before can take. */
const GUARD_TTL_MIN_MS = 60_000;

/** The entries in Redis. Whatever it is asked rejects as the store's client does. */
export interface L2 {
  /** What encodeEntry wrote, or null. The buffer is a window on that of the socket. */
  read(id: string): Promise<Buffer | null>;
  /** Puts an entry unless there is a newer one; says whether it was put. `ttlMs` is cut to the layer's own. */
  put(id: string, entry: Entry, ttlMs?: number): Promise<boolean>;
}

/** Opens the layer. A value with no time left is not put; one of more than PAYLOAD_BYTES_MAX rejects with RangeError. */
export function openL2(redis: RedisStore, redisKey: (id: string) => string, maxTtlMs: number): L2 {
  const put = defineScript<number>(redis, 'gatehousePut', new URL('./scripts/put.lua', import.meta.url));
  return {
    read: (id) => redis.client.getBuffer(redisKey(id)),
    async put(id, entry, ttlMs = Number.POSITIVE_INFINITY) {
      const limitMs = entry.kind === 'value' ? maxTtlMs : Math.max(maxTtlMs, GUARD_TTL_MIN_MS);
      const keptMs = Math.floor(Math.min(ttlMs, limitMs));
      if (keptMs <= 0) return false;
      if (entry.kind === 'value' && entry.payload.length > PAYLOAD_BYTES_MAX) {
        throw new RangeError(`A cached value has at most ${PAYLOAD_BYTES_MAX} bytes.`);
      }
      return (await put([redisKey(id)], [encodeEntry(entry), keptMs])) === 1;
    },
  };
}
