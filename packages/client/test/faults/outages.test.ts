import { type RedisInstance, startRedis, startTcpProxy, type TcpProxy, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GatehouseClient } from '../../src/index.ts';
import { type Mesh, startMesh } from '../service.ts';

/** Longer than a pause of the machine, so that only what a test does ends it. */
const BOUND_MS = 2_500;

let redis: RedisInstance;
let mesh: Mesh;
let proxies: TcpProxy[];
let client: GatehouseClient;
/** Asks without a memory of its own, and on connections that nothing disturbs. */
let direct: GatehouseClient;

beforeEach(async () => {
  redis = await startRedis();
  mesh = await startMesh({ instances: 2, redis });
  const ports = mesh.instances.map(({ address }) => Number(address.split(':')[1]));
  proxies = await Promise.all(ports.map((port) => startTcpProxy({ target: { port } })));
  const session = { addresses: proxies.map(({ port }) => `127.0.0.1:${port}`) };
  client = mesh.connect({ session, cache: { boundMs: BOUND_MS } });
  direct = mesh.connect({ cache: { maxEntries: 0 } });
});
afterEach(async () => {
  await mesh.stop();
  for (const proxy of proxies) await proxy.stop();
});

const isCurrent = () => client.sessions.statistics().isCurrent;

/** A session that is answered from memory. */
async function remembered() {
  const session = await mesh.createSession();
  await waitFor(async () => {
    await client.sessions.validate(session.token);
    return client.sessions.peek(session.token);
  });
  return session;
}

/** Milliseconds from now until the memory is asked for the last time that answers. */
async function lastAnswerMs(token: string): Promise<number> {
  const startedAtMs = performance.now();
  let lastMs = 0;
  await waitFor(
    async () => {
      // The memory is asked as fast as the event loop allows, for some milliseconds at a time.
      for (let turns = 0; turns < 50; turns++) {
        const askedMs = performance.now() - startedAtMs;
        if (!client.sessions.peek(token)) return true;
        lastMs = askedMs;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return false;
    },
    { everyMs: 1 },
  );
  return lastMs;
}

describe('with two instances, a client', () => {
  it('spreads its questions over both', async () => {
    const { token } = await mesh.createSession();
    for (let asked = 0; asked < 6; asked++) await direct.sessions.validate(token);
    for (const { adminUrl } of mesh.instances) {
      const metrics = await (await fetch(`${adminUrl}/metrics`, { headers: { connection: 'close' } })).text();
      expect(metrics).toMatch(/grpc_server_handled_total\{[^}]*BatchValidateSessions[^}]*\} [1-9]/);
    }
  });

  it('hears of a revocation at either, and forgets nothing else', async () => {
    const kept = await remembered();
    for (const { address } of mesh.instances) {
      const session = await remembered();
      const there = mesh.connect({ session: { address }, cache: { maxEntries: 0 } });
      await there.sessions.revoke({ token: session.token }, 'logout');
      expect(await lastAnswerMs(session.token)).toBeLessThan(BOUND_MS);
      await expect(client.sessions.validate(session.token)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
    }
    expect(client.sessions.peek(kept.token)).toBeDefined();
  });

  it('accepts a revoked session no longer than the bound when the network is cut and nobody says so', async () => {
    const { token } = await remembered();
    for (const proxy of proxies) proxy.stall();
    const [lastMs] = await Promise.all([lastAnswerMs(token), direct.sessions.revoke({ token }, 'compromised')]);
    expect(lastMs).toBeLessThan(BOUND_MS);
    for (const proxy of proxies) proxy.resume();
    await waitFor(isCurrent);
    await expect(client.sessions.validate(token)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
  });

  it('takes what slow answers prove for as old as it is', async () => {
    await remembered();
    for (const proxy of proxies) proxy.delay(BOUND_MS * 1.2);
    await waitFor(() => !isCurrent());
    for (const proxy of proxies) proxy.resume();
    await waitFor(isCurrent);
  });

  it('goes on with the other when one stops, and watches there', async () => {
    const { token } = await remembered();
    const [first, second] = mesh.instances;
    if (!first || !second) expect.fail();
    const stopping = first.stop();
    const session = await mesh.connect({ session: { address: second.address } }).sessions.validate(token);
    expect(await client.sessions.validate(token, { freshness: 'strict' })).toEqual(session);
    await stopping;
    for (let asked = 0; asked < 20; asked++) {
      expect(await client.sessions.validate(token, { freshness: 'strict' })).toEqual(session);
    }
    await waitFor(isCurrent);
    const other = await mesh.connect({ session: { address: second.address } }).sessions.revoke({ token }, 'logout');
    expect(other.consistencyToken).not.toBe('');
    await waitFor(() => !client.sessions.peek(token));
    await expect(client.sessions.validate(token)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
  });

  it('answers from memory only while the service itself hears of revocations', async () => {
    const { token } = await remembered();
    await redis.kill();
    expect(await lastAnswerMs(token)).toBeLessThan(BOUND_MS);
    expect(await client.sessions.validate(token)).toBeDefined();
    await redis.restart();
    await waitFor(isCurrent);
  });
});
