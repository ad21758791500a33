import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { RedisInstance, RedisOptions } from '../redis/start-redis.ts';
import { startContainer } from './container.ts';
import { ownAccount } from './own-account.ts';

const IMAGE = 'redis:7.4-alpine';
const INNER_PORT = 6379;
const INNER_DIRECTORY = '/data';

/** Starts Redis in a container. */
export async function startContainedRedis(options: RedisOptions): Promise<RedisInstance> {
  const password = randomBytes(24).toString('base64url');
  const { directory } = options;
  if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const settings = {
    requirepass: password,
    save: '',
    appendonly: directory === undefined ? 'no' : 'yes',
    ...options.settings,
  };
  const client = ['redis-cli', '--no-auth-warning', '-e', '-a', password];
  const container = await startContainer({
    name: 'Redis',
    image: IMAGE,
    innerPort: INNER_PORT,
    port: options.port,
    command: ['redis-server', ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])],
    ...(directory === undefined ? {} : { folders: { [directory]: INNER_DIRECTORY }, user: ownAccount() }),
    answers: [...client, 'PING'],
  });
  return {
    url: `redis://:${password}@${container.host}:${container.port}`,
    port: container.port,
    get running() {
      return container.running;
    },
    stop: container.stop,
    kill: container.kill,
    restart: container.restart,
    flush: async () => {
      await container.run([...client, 'FLUSHALL']);
    },
    pause: container.pause,
    resume: container.resume,
    [Symbol.asyncDispose]: container.stop,
  };
}
