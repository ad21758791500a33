import { readFileSync } from 'node:fs';
import type { RedisStore } from './open-redis.ts';

/** Runs a Lua script: its KEYS, then its ARGV. */
export type RunScript<Reply> = (keys: readonly string[], args: readonly (string | number | Buffer)[]) => Promise<Reply>;

type Runner = (keyCount: number, ...rest: (string | number | Buffer)[]) => Promise<unknown>;

/**
 * Reads a Lua script from a file, once, and makes it a command of the store's client, which sends its text once on each
 * connection and its hash from then on. `name` is the command's name and unlike that of any Redis command. `Reply` is
 * what the script's header says that it returns.
 */
export function defineScript<Reply>(store: Pick<RedisStore, 'client'>, name: string, file: URL): RunScript<Reply> {
  const { client } = store;
  client.defineCommand(name, { lua: readFileSync(file, 'utf8') });
  // The command was defined on the line above; its reply is what the script's header promises.
  const run = (Reflect.get(client, name) as Runner).bind(client);
  return (keys, args) => run(keys.length, ...keys, ...args) as Promise<Reply>;
}
