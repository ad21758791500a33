import { silentLogger } from '@gatehouse/process';
import {
  type InvalidationBus,
  type InvalidationBusOptions,
  type Loaded,
  type Lookup,
  openRedis,
  type ReadThrough,
  type ReadThroughOptions,
  type RedisStore,
  type RedisStoreOptions,
  readThrough,
  startBus,
} from '@gatehouse/redis';
import { fakeClock, type RedisInstance, startRedis, waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { decodeEntry } from '../src/entry.ts';

/** Long enough for a pause of the machine: within the bound it would lapse, and half a heartbeat is all a message has. */
export const HEARTBEAT_MS = 200;
export const BOUND_MS = 2_500;
const COMMAND_TIMEOUT_MS = 5_000;

/** What the tests cache. */
export interface Doc {
  readonly text: string;
  readonly expiresAtMs: number;
}

export interface Instance {
  readonly redis: RedisStore;
  readonly bus: InvalidationBus;
  readonly cache: ReadThrough<Doc>;
  close(): Promise<void>;
}

export interface InstanceOptions {
  readonly url: string;
  readonly load?: (id: string, signal: AbortSignal) => Promise<Loaded<Doc>>;
  readonly store?: Partial<RedisStoreOptions>;
  readonly bus?: Partial<InvalidationBusOptions>;
  readonly cache?: Partial<ReadThroughOptions<Doc>>;
}

export const clock = fakeClock();
export const redisKey = (id: string) => `doc:{${id}}`;

export function doc(text: string, expiresInMs = 3_600_000): Doc {
  return { text, expiresAtMs: clock.now().getTime() + expiresInMs };
}

/** One instance of a service: its store, its bus and its cache, once the bus is current. */
export async function openInstance(options: InstanceOptions): Promise<Instance> {
  const redis = openRedis({
    url: options.url,
    name: 'test',
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    logger: silentLogger,
    ...options.store,
  });
  const bus = startBus({
    redis,
    channel: 'test:invalidations',
    heartbeatMs: HEARTBEAT_MS,
    boundMs: BOUND_MS,
    logger: silentLogger,
    ...options.bus,
  });
  const cache = readThrough<Doc>({
    redis,
    bus,
    topic: 'doc',
    redisKey,
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString()) as Doc,
    expiresAtMs: (value) => value.expiresAtMs,
    load: options.load ?? (async () => undefined),
    l1MaxEntries: 1000,
    l2TtlMs: 3_600_000,
    clock,
    logger: silentLogger,
    ...options.cache,
  });
  await waitFor(() => bus.current, { everyMs: 5 });
  return {
    redis,
    bus,
    cache,
    async close() {
      cache.close();
      await bus.stop();
      await redis.close();
    },
  };
}

const NEVER = new AbortController().signal;
export const bounded = (signal: AbortSignal = NEVER) => ({ freshness: 'bounded', signal }) as const;
export const strict = (signal: AbortSignal = NEVER) => ({ freshness: 'strict', signal }) as const;
export const full = (signal: AbortSignal = NEVER) => ({ freshness: 'full', signal }) as const;

/** Puts a value into the caches, as after a change that nothing came between. */
export async function fill(cache: ReadThrough<Doc>, id: string, version: bigint, value: Doc): Promise<void> {
  await cache.fill(await cache.reserve(id), version, value);
}

/** The text that a lookup found, or its state. */
export function textOf(lookup: Lookup<Doc>): string {
  return lookup.state === 'found' ? lookup.value.text : lookup.state;
}

/** A Redis for the tests of one file, emptied after each; the instances on it are closed before. */
export function useRedis() {
  let server: RedisInstance;
  const instances: Instance[] = [];
  beforeAll(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    await Promise.all(instances.splice(0).map((instance) => instance.close()));
    await server.flush();
  });
  afterAll(() => server.stop());
  return {
    get server() {
      return server;
    },
    async open(options: Omit<InstanceOptions, 'url'> = {}): Promise<Instance> {
      const instance = await openInstance({ url: server.url, ...options });
      instances.push(instance);
      return instance;
    },
  };
}

/** What Redis holds of an id: `kind version`. */
export async function inRedis({ redis }: Pick<Instance, 'redis'>, id: string): Promise<string | undefined> {
  const bytes = await redis.client.getBuffer(redisKey(id));
  const entry = bytes === null ? undefined : decodeEntry(bytes);
  return entry && (entry.kind === 'reserved' ? entry.kind : `${entry.kind} ${entry.version}`);
}

/** Resolves when everything that Redis was asked before has been answered, and what waited for it has gone on. */
export async function answered({ redis }: Pick<Instance, 'redis'>): Promise<void> {
  // Reads of one turn are sent at its end.
  await new Promise(setImmediate);
  await redis.client.ping();
  await new Promise(setImmediate);
}
