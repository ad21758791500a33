import { findRedis } from '../binaries.mjs';
import { storeEnvironment } from '../config.ts';
import { startLocalRedis } from './local-redis.ts';

export interface RedisOptions {
  /** Wanted port; the next free one is taken when it is in use. By default any. */
  readonly port?: number;
  /** Folder of the data, which is then kept (append-only file); by default nothing outlives the server. */
  readonly directory?: string;
  /** Further settings by name, as in redis.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A Redis server of our own, on 127.0.0.1, with a password. */
export interface RedisInstance extends AsyncDisposable {
  /** URL with the password. */
  readonly url: string;
  readonly port: number;
  /** Whether the server's process is there and not paused. */
  readonly running: boolean;
  /** Stops it and removes data that is not to be kept. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same password, after stopping it if it runs. Data that is not kept is lost. */
  restart(): Promise<void>;
  /** Removes every key. */
  flush(): Promise<void>;
  /** Freezes it: connections stay open and nobody answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/**
 * Starts a Redis server: from the binary on the machine, or in a container where there is none but a Docker engine
 * answers. It ends with this process at the latest, however this process ends.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisInstance> {
  const file = findRedis(storeEnvironment().path);
  if (file !== undefined) return startLocalRedis(file, options);
  const { startContainedRedis } = await import('../docker/contained-redis.ts');
  return startContainedRedis(options);
}
