import type { Clock } from '@gatehouse/process';
import type { InvalidationBus } from './invalidation-bus.ts';
import { createL1, type L1Entry } from './l1.ts';

/** A read of one id from somewhere slower than memory, from before it is sent until after it is answered. */
export interface Reading {
  readonly id: string;
  readonly announced: {
    /** The newest version announced since the first of the present readings of this id began; -1 without one. */
    readonly floor: bigint;
  };
  readonly resetsBefore: number;
}

/**
 * The memory of one instance. Three rules keep it true: it answers only while the bus is current; a reset empties it;
 * and what was read is kept only if, between the start of the reading and its end, nothing as new was announced and
 * no reset came.
 */
export interface Memory<V> {
  /** The entry, if it may be used at this moment. */
  recall(id: string, minVersion: bigint | undefined): L1Entry<V> | undefined;
  /** The entry, whether or not it may be used, for whoever has just learnt elsewhere which version is to be used. */
  held(id: string): L1Entry<V> | undefined;
  begin(id: string): Reading;
  /** Called once for each reading, at its end. */
  end(reading: Reading): void;
  /** Keeps what was read, unless it may have been overtaken while it was read. */
  keep(reading: Reading, entry: L1Entry<V>): void;
  /** Whether nothing was reset since the reading began. */
  isIntact(reading: Reading): boolean;
  /** Versions up to this one are not to be answered any more. */
  outdate(id: string, version: bigint): void;
  /** Nothing that was known of the id is to be answered any more. */
  forget(id: string): void;
  reset(): void;
  readonly size: number;
}

const NOTHING_ANNOUNCED = -1n;
const ANY_VERSION = 2n ** 64n;

export function createMemory<V>(bus: InvalidationBus, clock: Clock, maxEntries: number): Memory<V> {
  const l1 = createL1<V>(maxEntries);
  /** The ids that are being read. Announcements of any other need not be remembered. */
  const watched = new Map<string, { floor: bigint; readers: number }>();
  let resets = 0;
  const hasTimeLeft = ({ expiresAtMs }: L1Entry<V>) =>
    expiresAtMs === Number.POSITIVE_INFINITY || expiresAtMs > clock.nowMs();
  const isIntact = (reading: Reading) => reading.resetsBefore === resets;

  return {
    recall(id, minVersion) {
      const entry = l1.get(id);
      if (entry === undefined || !bus.current) return undefined;
      if (minVersion !== undefined && entry.version < minVersion) return undefined;
      if (hasTimeLeft(entry)) return entry;
      l1.drop(id, entry.version);
      return undefined;
    },
    held: (id) => l1.get(id),
    begin(id) {
      let announced = watched.get(id);
      if (announced === undefined) {
        announced = { floor: NOTHING_ANNOUNCED, readers: 0 };
        watched.set(id, announced);
      }
      announced.readers += 1;
      return { id, announced, resetsBefore: resets };
    },
    end({ id }) {
      const announced = watched.get(id);
      if (announced === undefined) return;
      announced.readers -= 1;
      if (announced.readers === 0) watched.delete(id);
    },
    keep(reading, entry) {
      if (isIntact(reading) && reading.announced.floor < entry.version && hasTimeLeft(entry)) l1.put(reading.id, entry);
    },
    isIntact,
    outdate(id, version) {
      l1.drop(id, version);
      const announced = watched.get(id);
      if (announced !== undefined && announced.floor < version) announced.floor = version;
    },
    forget: (id) => l1.drop(id, ANY_VERSION),
    reset() {
      resets += 1;
      l1.clear();
    },
    get size() {
      return l1.size;
    },
  };
}
