import type { Cluster, Redis } from 'ioredis';
import { parseRedisUrl } from './address.ts';
import { connectForBull } from './connect.ts';
import { addressOf, end, type RedisStore } from './open-redis.ts';

/** How long adding a job may wait for Redis. */
const ADD_TIMEOUT_MS = 2000;

/** What BullMQ's Queue, Worker, QueueEvents and FlowProducer take as `connection` and `prefix`. */
export interface BullConnection {
  readonly connection: Redis | Cluster;
  /** In a cluster `{bull}`, so that all keys of a queue share a slot. */
  readonly prefix: string;
  /** Closes the connection. Queues and workers that use it are closed before. */
  close(): Promise<void>;
}

/**
 * Opens a connection for BullMQ to where the store or the URL points. `use` says what for: `queue` adds jobs and gets
 * an error at once, or within 2000 ms, when Redis does not do its work; `worker` (also for QueueEvents) waits for ever,
 * as BullMQ demands. In a cluster, await `waitUntilReady()` of the worker and the queue events before the first job.
 */
export function bullConnection(source: RedisStore | string, use: 'queue' | 'worker' = 'worker'): BullConnection {
  const address = typeof source === 'string' ? parseRedisUrl(source) : addressOf(source);
  const limits = { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: ADD_TIMEOUT_MS };
  const connection = connectForBull(address, use === 'queue' ? limits : {});
  // BullMQ reports connection errors through the queue or worker that uses the connection.
  connection.on('error', () => {});
  return { connection, prefix: address.mode === 'cluster' ? '{bull}' : 'bull', close: () => end(connection) };
}
