import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, type RedisInstance, startRedis } from '../src/index.ts';
import { redisCommand } from '../src/redis/redis-command.ts';

describe('a temporary Redis', () => {
  let redis: RedisInstance;
  beforeAll(async () => {
    redis = await startRedis({ settings: { 'maxmemory-policy': 'allkeys-lru' } });
  });
  afterAll(() => redis.stop());

  it('asks for its password', async () => {
    await expect(redisCommand({ ...addressOf(redis), password: 'wrong' }, 'PING')).rejects.toThrow('WRONGPASS');
    expect(await redisCommand(addressOf(redis), 'PING')).toBe('+PONG');
  });

  it('takes the settings it is given and never refuses a write for lack of a snapshot', async () => {
    expect(await redisCommand(addressOf(redis), 'CONFIG', 'GET', 'maxmemory-policy')).toBe('*2');
    expect(await redisCommand(addressOf(redis), 'SET', 'key', 'value')).toBe('+OK');
  });

  it('can be emptied', async () => {
    await redisCommand(addressOf(redis), 'SET', 'key', 'value');
    await redis.flush();
    expect(await redisCommand(addressOf(redis), 'DBSIZE')).toBe(':0');
  });

  it('comes back on the same port, empty, after it was killed', async () => {
    await redisCommand(addressOf(redis), 'SET', 'key', 'value');
    await redis.kill();
    expect(redis.running).toBe(false);
    await expect(redisCommand(addressOf(redis), 'PING')).rejects.toThrow('ECONNREFUSED');
    await redis.restart();
    expect(await redisCommand(addressOf(redis), 'DBSIZE')).toBe(':0');
  });

  it('answers after it was paused what it was asked meanwhile', async () => {
    await redis.pause();
    let answered = false;
    const answer = redisCommand(addressOf(redis), 'PING').then((line) => {
      answered = true;
      return line;
    });
    answer.catch(() => {});
    // Another server is started and stopped meanwhile, which takes longer than an answer would.
    await (await startRedis()).stop();
    expect(answered).toBe(false);
    await redis.resume();
    expect(await answer).toBe('+PONG');
  });

  it('takes the next free port when the wanted one is in use', async () => {
    const wanted = await freePort();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(wanted, '127.0.0.1', resolve));
    try {
      await using other = await startRedis({ port: wanted });
      expect(other.port).toBeGreaterThan(wanted);
    } finally {
      holder.close();
    }
  });

  it('says what Redis had against its settings', async () => {
    await expect(startRedis({ settings: { maxmemory: 'plenty' } })).rejects.toThrow(/maxmemory/);
  });
});

describe('a Redis that keeps its data', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-kept-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('has its data after a stop and a start, and leaves no pid file', async () => {
    {
      await using first = await startRedis({ directory });
      await redisCommand(addressOf(first), 'SET', 'kept', 'yes');
      expect(Number(readFileSync(join(directory, 'redis.pid'), 'utf8'))).toBeGreaterThan(0);
    }
    expect(existsSync(join(directory, 'redis.pid'))).toBe(false);
    await using second = await startRedis({ directory });
    expect(await redisCommand(addressOf(second), 'EXISTS', 'kept')).toBe(':1');
  });
});

function addressOf({ url }: RedisInstance): { host: string; port: number; password: string } {
  const { hostname, port, password } = new URL(url);
  return { host: hostname, port: Number(port), password };
}
