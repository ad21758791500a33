import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Daemon, startDaemon } from '../daemon.ts';
import { temporaryHome } from '../data-home.ts';
import { freePort } from '../free-port.ts';
import { CALL_LIMIT_MS } from '../patience.ts';
import { PortTaken, retryPortTaken } from '../port-taken.ts';
import { rememberStore } from '../started-stores.ts';
import { redisCommand } from './redis-command.ts';
import type { RedisInstance, RedisOptions } from './start-redis.ts';

const START_TIMEOUT_MS = CALL_LIMIT_MS;
const STOP_TIMEOUT_MS = 5000;
const POLL_MS = 10;

/** Starts Redis from the binary on this machine. */
export async function startLocalRedis(file: string, options: RedisOptions): Promise<RedisInstance> {
  const temporary =
    options.directory === undefined ? mkdtempSync(join(temporaryHome(), 'gatehouse-redis-')) : undefined;
  const directory = options.directory ?? (temporary as string);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const server: Server = { file, directory, temporary, password: randomBytes(24).toString('base64url') };
  try {
    return await run(server, options);
  } catch (error) {
    removeTemporary(server);
    throw error;
  }
}

interface Server {
  readonly file: string;
  readonly directory: string;
  /** The folder again, when it goes with the server. */
  readonly temporary: string | undefined;
  readonly password: string;
}

async function run(server: Server, options: RedisOptions): Promise<RedisInstance> {
  let daemon = await retryPortTaken(async () => startOn(await freePort(options.port), server, options));
  const { port } = daemon;
  let paused = false;
  let stopped: Promise<void> | undefined;

  const end = async () => {
    if (paused) daemon.resume();
    paused = false;
    if (!(await daemon.stop('SIGTERM', STOP_TIMEOUT_MS))) await daemon.kill();
    await daemon.release();
  };
  const instance: RedisInstance = {
    url: `redis://:${server.password}@127.0.0.1:${port}`,
    port,
    get running() {
      return !paused && daemon.running();
    },
    stop: () => {
      stopped ??= end().finally(() => {
        removeTemporary(server);
        forget();
      });
      return stopped;
    },
    kill: async () => {
      paused = false;
      await daemon.kill();
    },
    restart: async () => {
      if (stopped !== undefined) throw new Error('This Redis has been stopped for good.');
      await end();
      daemon = await startOn(port, server, options);
    },
    flush: async () => {
      await redisCommand({ host: '127.0.0.1', port, password: server.password }, 'FLUSHALL');
    },
    pause: async () => {
      paused = true;
      daemon.pause();
    },
    resume: async () => {
      paused = false;
      daemon.resume();
    },
    [Symbol.asyncDispose]: () => instance.stop(),
  };
  const forget = rememberStore({ name: `Redis on port ${port}`, stop: () => instance.stop() });
  return instance;
}

async function startOn(port: number, server: Server, options: RedisOptions): Promise<Daemon & { port: number }> {
  const configFile = join(server.directory, 'redis.conf');
  writeFileSync(configFile, configuration(port, server, options), { mode: 0o600 });
  const daemon = await startDaemon({
    file: server.file,
    args: [configFile],
    directory: server.directory,
    logFile: join(server.directory, 'redis.log'),
    stopSignal: 'TERM',
    removeOnOrphan: server.temporary,
  });
  try {
    await answers(daemon, port, server.password);
    return { ...daemon, port };
  } catch (error) {
    await daemon.kill();
    await daemon.release();
    throw error;
  }
}

function configuration(port: number, server: Server, options: RedisOptions): string {
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: `"${server.directory}"`,
    pidfile: `"${join(server.directory, 'redis.pid')}"`,
    requirepass: server.password,
    // The append-only file is what persists; snapshots would only add forks.
    save: '""',
    appendonly: server.temporary === undefined ? 'yes' : 'no',
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

/** It takes connections before it has read its file, and says LOADING until then. */
async function answers(daemon: Daemon, port: number, password: string): Promise<void> {
  const giveUpAt = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const refusal = await redisCommand({ host: '127.0.0.1', port, password }, 'PING').then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (!daemon.running()) {
      const log = daemon.logTail();
      if (log.includes('Address already in use')) throw new PortTaken(`Redis could not listen: ${log}`);
      throw new Error(`Redis did not start: ${log}`);
    }
    if (refusal === undefined) return;
    if (performance.now() > giveUpAt) throw new Error(`Redis took over ${START_TIMEOUT_MS} ms: ${refusal}`);
    await sleep(POLL_MS);
  }
}

function removeTemporary({ temporary }: Server): void {
  if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
}
