import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@gatehouse/process';
import { openRedis } from '@gatehouse/redis';
import { createAuthority, freePort, type RedisInstance, startRedis } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let directory: string;
let server: RedisInstance;
let url: string;
let files: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-redis-tls-'));
  const authority = await createAuthority({ directory, trustDomain: 'gatehouse.test' });
  const { ca, cert, key } = await authority.issue('redis', { hosts: ['localhost'] });
  const tlsPort = await freePort();
  server = await startRedis({
    settings: { 'tls-port': String(tlsPort), 'tls-ca-cert-file': ca, 'tls-cert-file': cert, 'tls-key-file': key },
  });
  url = server.url.replace('redis://', 'rediss://').replace(`127.0.0.1:${server.port}`, `localhost:${tlsPort}`);
  files = `?ca=${ca}&cert=${cert}&key=${key}`;
});
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('over TLS', () => {
  it('reaches a server that both sides can prove themselves to', async () => {
    const store = openRedis({ url: `${url}${files}`, name: 'test', logger: silentLogger });
    await store.ready();
    expect(await store.client.ping()).toBe('PONG');
    const subscriber = store.subscriber();
    await subscriber.subscribe('news');
    await store.close();
  });

  it('is never usable when the authority of the server is not trusted', async () => {
    const store = openRedis({ url, name: 'test', logger: silentLogger });
    await expect(store.ready(500)).rejects.toMatchObject({ reason: 'REDIS_UNAVAILABLE' });
    await store.close();
  });

  it('says at once that a file is missing', () => {
    expect(() => openRedis({ url: `${url}?ca=/nowhere/ca.pem`, name: 'test', logger: silentLogger })).toThrow('ENOENT');
  });
});
