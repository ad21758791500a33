import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@gatehouse/process';
import { openRedis, type RedisStore } from '@gatehouse/redis';
import { createAuthority, freePort, type RedisInstance, startRedis } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

const HANDSHAKES = 35;
/** How long the answer to what was sent last is waited for. */
const LATE_ERROR_MS = 100;

let directory: string;
let server: RedisInstance;
let url: string;
let files: string;
const stores: RedisStore[] = [];
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
afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function open(address: string, options: { readonly commandTimeoutMs?: number } = {}): RedisStore {
  const store = openRedis({ url: address, name: 'test', logger: silentLogger, ...options });
  stores.push(store);
  return store;
}

describe('over TLS', () => {
  it('reaches a server that both sides can prove themselves to', async () => {
    const store = open(`${url}${files}`);
    await store.ready();
    expect(await store.client.ping()).toBe('PONG');
    const subscriber = store.subscriber();
    await once(subscriber, 'ready');
    expect(await subscriber.subscribe('news')).toBe(1);
  });

  it('is never usable when the authority of the server is not trusted', async () => {
    await expect(open(url).ready(500)).rejects.toMatchObject({ reason: 'REDIS_UNAVAILABLE' });
  });

  it.each([
    ['a server', () => url],
    ['Sentinels', () => `${url.replace('rediss:', 'rediss+sentinel:')}/main`],
  ])('outlives that it leaves %s in the middle of a handshake', async (_, address) => {
    const uncaught = vi.fn();
    process.on('uncaughtExceptionMonitor', uncaught);
    for (let turn = 0; turn < HANDSHAKES; turn++) {
      // Sentinels are left as soon as the command to them has taken too long.
      const store = open(address(), { commandTimeoutMs: 1 + (turn % 5) });
      await sleep(turn % 7);
      await store.close();
    }
    await sleep(LATE_ERROR_MS);
    process.off('uncaughtExceptionMonitor', uncaught);
    expect(uncaught).not.toHaveBeenCalled();
  });

  it('says at once that a file is missing', () => {
    expect(() => open(`${url}?ca=/nowhere/ca.pem`)).toThrow('ENOENT');
  });
});
