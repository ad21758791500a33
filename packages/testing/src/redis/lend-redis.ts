import { runInWorker } from '../running-test.ts';
import { rememberStore } from '../started-stores.ts';
import { redisCommand } from './redis-command.ts';
import { type RedisInstance, startRedis } from './start-redis.ts';

/** An empty Redis that belongs to the worker. Whoever stops, pauses or configures one starts their own. */
export interface LentRedis extends AsyncDisposable {
  /** URL with the password. */
  readonly url: string;
  readonly port: number;
  /** Removes every key. */
  flush(): Promise<void>;
  /** Gives it back. */
  stop(): Promise<void>;
}

/** Those of this worker that nobody uses, empty. */
const idle: RedisInstance[] = [];

/**
 * Lends one of the worker's Redis servers, and starts one when all are in use: a test file takes one for each place where it
 * wants data apart. It comes back empty, whatever is still connected to it is cut off, and it ends with the worker.
 */
export async function lendRedis(): Promise<LentRedis> {
  const server = idle.pop() ?? (await runInWorker(() => startRedis()));
  let returned: Promise<void> | undefined;
  const stop = () => {
    returned ??= giveBack(server).finally(() => forget());
    return returned;
  };
  const forget = rememberStore({ name: `Redis on port ${server.port}`, stop });
  return { url: server.url, port: server.port, flush: () => server.flush(), stop, [Symbol.asyncDispose]: stop };
}

/** What a file may have left in it: clients, scripts and keys. */
const CLEARING: readonly (readonly string[])[] = [
  ['CLIENT', 'KILL', 'TYPE', 'normal'],
  ['CLIENT', 'KILL', 'TYPE', 'pubsub'],
  ['SCRIPT', 'FLUSH'],
  ['FLUSHALL'],
];

async function makeAsNew(url: string): Promise<void> {
  const { hostname: host, port, password } = new URL(url);
  for (const words of CLEARING) await redisCommand({ host, port: Number(port), password }, ...words);
}

/** One that can't be emptied is not lent again. */
async function giveBack(server: RedisInstance): Promise<void> {
  try {
    await makeAsNew(server.url);
    idle.push(server);
  } catch {
    await runInWorker(() => server.stop());
  }
}
