import { fileProblem, readBy } from '@gatehouse/process';
import { parseRedisUrl } from './address.ts';

/** A setting: the URL of a Redis, its Sentinels or its Cluster, as `parseRedisUrl` reads it. */
export const redisUrl = readBy((text) => {
  for (const [name, path] of Object.entries(parseRedisUrl(text).tls ?? {})) {
    const problem = path === undefined ? undefined : fileProblem(path);
    if (problem !== undefined) throw new Error(`${name} ${problem}.`);
  }
}, 'redis://host:6379, or with rediss, +sentinel or +cluster in front');
