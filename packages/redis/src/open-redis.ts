import { Failure } from '@gatehouse/failure';
import type { Logger, Registry } from '@gatehouse/process';
import type { Cluster, Redis } from 'ioredis';
import { type HostPort, parseRedisUrl, type RedisAddress } from './address.ts';
import { connectForCommands, connectForSubscription } from './connect.ts';
import { guardCommands } from './guard-commands.ts';
import { showMetric } from './metrics.ts';
import { REDIS_UNAVAILABLE, type RedisCondition, refusesWrites } from './redis-failure.ts';
import { watchConnection } from './watch-connection.ts';

const COMMAND_TIMEOUT_MS = 250;
const READY_TIMEOUT_MS = 5000;
/** How long close() waits for the server to see the connections end. */
const CLOSE_TIMEOUT_MS = 500;

/** One Redis: a single server, the master that Sentinels name, or a cluster. */
export interface RedisStore {
  readonly name: string;
  /**
   * The command connection. It queues nothing: while it is down every command fails at once, and otherwise within
   * `commandTimeoutMs`, with Failure('unavailable', 'REDIS_UNAVAILABLE'). Whether a command that failed has run is not
   * known. In a cluster the keys of one command must share a hash tag.
   */
  readonly client: Redis | Cluster;
  /** Whether the command connection is up and the server takes writes. Cheap enough to be asked before each command. */
  readonly usable: boolean;
  /** Resolves when the store is usable; rejects with Failure unavailable after `timeoutMs` (default 5000). */
  ready(timeoutMs?: number): Promise<void>;
  /** Opens a connection for one subscription. It ends when it is lost; whoever opened it opens the next one. */
  subscriber(): Redis;
  /** Calls the listener each time the store stops being usable, and when it can't be reached in the first place. */
  onOutage(listener: () => void): void;
  /** Calls the listener each time the store is usable again after an outage. */
  onRecovery(listener: () => void): void;
  /** Closes every connection of the store. */
  close(): Promise<void>;
  /** What is shown of a store that is logged: the client knows the password. */
  toJSON(): { readonly name: string; readonly usable: boolean };
}

export interface RedisStoreOptions {
  /** See parseRedisUrl. */
  readonly url: string;
  /** Names the connections on the server, and the store in logs and metrics. */
  readonly name: string;
  /** Most milliseconds that a command takes; default 250. */
  readonly commandTimeoutMs?: number;
  readonly logger: Logger;
  readonly registry?: Registry;
}

/**
 * Opens a Redis, and returns before it is connected: a service starts without it and is told by onRecovery. Throws an
 * Error if the URL is not one or names a file that can't be read.
 */
export function openRedis({
  url,
  name,
  commandTimeoutMs = COMMAND_TIMEOUT_MS,
  logger,
  registry,
}: RedisStoreOptions): RedisStore {
  const address = parseRedisUrl(url);
  const client = connectForCommands(address, name, commandTimeoutMs);
  const failures = { TIMEOUT: 0, CLOSED: 0, REFUSED: 0 };
  const hideFailures = showFailures(registry, name, failures);
  const watch = watchConnection(client, name, logger);
  guardCommands(client, {
    timeoutMs: commandTimeoutMs,
    failed(condition, failure) {
      failures[condition] += 1;
      if (refusesWrites(failure)) watch.refusedToWrite();
    },
  });
  const subscribers = new Set<Redis>();
  const store: RedisStore = {
    name,
    client,
    get usable() {
      return watch.usable;
    },
    async ready(timeoutMs = READY_TIMEOUT_MS) {
      if (await watch.usableWithin(timeoutMs)) return;
      throw new Failure('unavailable', REDIS_UNAVAILABLE, 'Redis can not be used.', { cause: watch.lastError });
    },
    subscriber() {
      const subscriber = connectForSubscription(address, name, commandTimeoutMs, knownNodes(client));
      subscribers.add(subscriber);
      subscriber.once('end', () => subscribers.delete(subscriber));
      return subscriber;
    },
    onOutage: watch.onOutage,
    onRecovery: watch.onRecovery,
    async close() {
      watch.stop();
      hideFailures();
      await Promise.all([...subscribers, client].map(end));
    },
    toJSON: () => ({ name, usable: watch.usable }),
  };
  addresses.set(store, address);
  return store;
}

/** The address that a store was opened with. Kept beside the store, because it holds a password. */
export function addressOf(store: RedisStore): RedisAddress {
  const address = addresses.get(store);
  if (!address) throw new TypeError('This store was not opened by openRedis.');
  return address;
}

const addresses = new WeakMap<RedisStore, RedisAddress>();

/** Closes a client and waits until its sockets are gone. */
export async function end(client: Redis | Cluster): Promise<void> {
  const connected = ['connecting', 'connect', 'ready', 'disconnecting'].includes(client.status);
  const ended = Promise.withResolvers<void>();
  client.once('end', ended.resolve);
  const timer = setTimeout(ended.resolve, CLOSE_TIMEOUT_MS);
  client.disconnect();
  if (connected) await ended.promise;
  clearTimeout(timer);
}

function knownNodes(client: Redis | Cluster): HostPort[] {
  if (!('nodes' in client)) return [];
  return client.nodes('all').flatMap(({ options: { host, port } }) => (host && port ? [{ host, port }] : []));
}

function showFailures(
  registry: Registry | undefined,
  store: string,
  failures: Readonly<Record<RedisCondition, number>>,
) {
  return showMetric(
    registry,
    {
      type: 'counter',
      name: 'redis_command_failures_total',
      help: 'Redis commands that got no answer (TIMEOUT), had no connection (CLOSED) or were refused for now (REFUSED).',
      labelNames: ['store', 'condition'],
    },
    (['TIMEOUT', 'CLOSED', 'REFUSED'] as const).map((condition) => ({
      labels: { store, condition },
      read: () => failures[condition],
    })),
  );
}
