import { PassThrough } from 'node:stream';
import { openRedis, startBus } from '@gatehouse/redis';
import { freePort, type LentRedis, lendRedis, waitFor } from '@gatehouse/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisBinary, startCluster, type Topology } from './topologies.ts';

const SECRET = 'hunter2-hunter2';

/** A logger that says everything, and what it has said. */
function loggerThatTells() {
  const lines: string[] = [];
  const stream = new PassThrough();
  stream.on('data', (line) => lines.push(String(line)));
  return { logger: pino({ level: 'trace' }, stream), said: () => lines.join('') };
}

/** Runs a store and a bus on it until both have failed, and answers what was logged and thrown. */
async function failWith(url: string): Promise<string> {
  const { logger, said } = loggerThatTells();
  const redis = openRedis({ url, name: 'test', logger });
  const bus = startBus({ redis, channel: 'c', logger });
  await waitFor(() => said().includes('Redis is gone'));
  await waitFor(() => said().includes('subscription lost'));
  const refusal: unknown = await redis.ready(1).catch((error: unknown) => error);
  logger.error({ err: refusal, redis }, 'refused');
  await bus.stop();
  await redis.close();
  return said();
}

describe('a password that is refused', () => {
  let server: LentRedis;
  let cluster: Topology;
  beforeAll(async () => {
    server = await lendRedis();
    if (redisBinary !== undefined) cluster = await startCluster(1);
  });
  afterAll(async () => {
    await server.stop();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('appears in no log line and no error', async () => {
    const said = await failWith(`redis://default:${SECRET}@127.0.0.1:${server.port}`);
    expect(said).toContain('WRONGPASS');
    expect(said).not.toContain(SECRET);
  });

  it.skipIf(redisBinary === undefined)('appears in none of a cluster either', async () => {
    const said = await failWith(`redis+cluster://default:${SECRET}@127.0.0.1:${cluster.nodes[0]?.port}`);
    expect(said).toContain('refused');
    expect(said).not.toContain(SECRET);
  });

  it('appears in none when no Sentinel can be reached', async () => {
    const url = `redis+sentinel://default:${SECRET}@127.0.0.1:${await freePort()}/main?sentinelPassword=${SECRET}`;
    const said = await failWith(url);
    expect(said).toContain('sentinels are unreachable');
    expect(said).not.toContain(SECRET);
  });
});
