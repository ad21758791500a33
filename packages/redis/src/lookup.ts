import type { Clock, Logger, Registry } from '@gatehouse/process';
import type { InvalidationBus } from './invalidation-bus.ts';
import type { RedisStore } from './open-redis.ts';

/**
 * What a cache says about an id. `gone` is final: the record existed and never comes back as it was. `absent` is what
 * the truth said just before; it is never kept.
 */
export type Lookup<V> =
  | { readonly state: 'found'; readonly value: V; readonly version: bigint; readonly layer: 'l1' | 'l2' | 'l3' }
  | { readonly state: 'gone'; readonly note: string }
  | { readonly state: 'absent' };

/** What the truth says about an id. */
export type Loaded<V> =
  | { readonly version: bigint; readonly value: V }
  | { readonly version: bigint; readonly gone: string }
  | undefined;

/**
 * How old an answer may be. `bounded`: up to the bound of the bus, from memory if it is there. `strict`: what Redis or
 * the truth says now. `full`: what the truth says now; memory is filled with it, and Redis where that holds an older value.
 */
export type Freshness = 'bounded' | 'strict' | 'full';

export interface LookupOptions {
  readonly freshness: Freshness;
  /** The record is known to have had this version; nothing older is answered from a cache. */
  readonly minVersion?: bigint;
  /** Ends this caller's wait. The load behind it goes on while others wait for it. */
  readonly signal: AbortSignal;
  /** Called before the truth is asked. What it throws ends the lookup. */
  readonly beforeTruth?: () => void;
}

/** A place in Redis that is taken for a while. */
export interface ReservedPlace {
  readonly id: string;
  /** Undefined when Redis has given none. */
  readonly stamp: string | undefined;
}

/** A cached kind of record. Ids and versions are those of the truth; versions are not negative. */
export interface ReadThrough<V> {
  /**
   * The value in memory, for hot paths: synchronous, and undefined unless it may be used at this moment. Otherwise call
   * `get`.
   */
  peek(id: string, minVersion?: bigint): V | undefined;
  /**
   * Looks through the layers that `freshness` allows. A Redis that does not answer, or is not trusted, is passed over.
   * Rejects with the error of the truth, or with Failure cancelled or deadline once the signal aborts.
   */
  get(id: string, options: LookupOptions): Promise<Lookup<V>>;
  /**
   * Takes the place in Redis of a record that a change is about to make, before anybody else can see the change. With its
   * version, whatever is there of an older one gives way: even that it was gone. It need not be used. Never rejects.
   */
  reserve(id: string, version?: bigint): Promise<ReservedPlace>;
  /**
   * Puts a value into the caches after the commit that made it, unless something was told of the record since the place was
   * reserved. Never rejects; a failure of Redis is only counted.
   */
  fill(place: ReservedPlace, version: bigint, value: V): Promise<void>;
  /**
   * Makes every cache forget versions up to these, after the commit that made them: first in Redis, then, through the
   * bus, in the memory of all instances. `gone` says that the record never comes back, and why (up to 256 characters).
   * Rejects with Failure unavailable if Redis may not have taken all of it; then it has to be called again.
   */
  invalidate(
    items: readonly { readonly id: string; readonly version: bigint; readonly gone?: string }[],
  ): Promise<void>;
  /** Empties the memory. What is being read is not kept. */
  forget(): void;
  /** From now on nothing that Redis holds is believed; it is still written to. Empties the memory. */
  distrustL2(): void;
  /** Redis is believed again. */
  trustL2(): void;
  readonly l2Trusted: boolean;
  /** Forgets everything and leaves the metrics. The bus and the store stay open. */
  close(): void;
}

export interface ReadThroughOptions<V> {
  readonly redis: RedisStore;
  readonly bus: InvalidationBus;
  /** Names the kind of record on the bus and in metrics. */
  readonly topic: string;
  /** Key in Redis. In a cluster it carries the hash tag; it changes when the encoding does. */
  readonly redisKey: (id: string) => string;
  readonly encode: (value: V) => Buffer;
  readonly decode: (bytes: Buffer, id: string) => V;
  /** Milliseconds since the epoch from which on a value is not answered from a cache. */
  readonly expiresAtMs: (value: V) => number;
  /** Reads the truth. What it answers is believed, expired or not. It honours the signal. */
  readonly load: (id: string, signal: AbortSignal) => Promise<Loaded<V>>;
  /** Values of versions below this are not believed, whoever has them: they may be of changes that were undone. */
  readonly lowestVersion?: () => bigint;
  readonly l1MaxEntries: number;
  readonly l2TtlMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry?: Registry;
}
