import { silentLogger } from '@gatehouse/process';
import { Freshness, RevokedReason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { openRedis, type RedisStore } from '@gatehouse/redis';
import {
  areWell,
  createTestDatabase,
  type RedisInstance,
  startRedis,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StartedSession } from '../harness.ts';
import { startBehindProxy } from './instance.ts';

const { FRESHNESS_BOUNDED, FRESHNESS_STRICT } = Freshness;
/** First byte of an entry that says that a session is gone. */
const GONE = 2;
const SESSIONS = 5;
const SEQUENCE = 'gatehouse:session:sequence';

let redis: RedisInstance;
let database: TestDatabase;
let proxy: TcpProxy;
let instances: [StartedSession, StartedSession];
/** Reaches Redis beside the proxy. */
let store: RedisStore;

beforeEach(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('session')]);
  proxy = await startTcpProxy({ target: redis });
  const start = (instance: string) => startBehindProxy(proxy, { redis, database, instance });
  instances = [await start('one'), await start('two')];
  store = openRedis({ url: redis.url, name: 'test', commandTimeoutMs: 5_000, logger: silentLogger });
  await store.ready();
  await waitFor(() => areWell(instances));
});
afterEach(async () => {
  proxy.resume();
  await store.close();
  await Promise.all(instances.map((each) => each.stop()));
  await proxy.stop();
  await Promise.all([redis.stop(), database.drop()]);
});

/** Whether every instance refuses the token in both ways. */
async function areRefused(sessionToken: string): Promise<boolean> {
  const answers = await Promise.all(
    instances.flatMap((instance) =>
      [FRESHNESS_BOUNDED, FRESHNESS_STRICT].map((freshness) =>
        instance.validate(sessionToken, freshness).then(
          () => false,
          ({ reason }: { reason?: string }) => reason === 'SESSION_REVOKED',
        ),
      ),
    ),
  );
  return answers.every(Boolean);
}

const keysOf = async () => (await store.client.keys('gs3:*')).sort();
const valuesOf = (keys: readonly string[]) => Promise.all(keys.map((key) => store.client.getBuffer(key)));

/** Sessions that all instances know, and what Redis held before they were revoked. */
async function revokeSome() {
  const [one, two] = instances;
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => one.create()));
  for (const { sessionToken } of sessions) await two.validate(sessionToken, FRESHNESS_STRICT);
  const keys = await keysOf();
  expect(keys).toHaveLength(SESSIONS);
  const before = await valuesOf(keys);
  const sequence = (await store.client.get(SEQUENCE)) ?? '0';
  for (const { sessionToken } of sessions) {
    const target = { $case: 'sessionToken' as const, value: sessionToken };
    await one.app.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT });
  }
  expect((await valuesOf(keys)).map((bytes) => bytes?.[0])).toEqual(keys.map(() => GONE));
  return { sessions, keys, before, sequence };
}

describe('a failover of Redis that loses revocations which it had acknowledged', () => {
  it('brings no session back once Redis is believed again', async () => {
    const [one, two] = instances;
    const { sessions, keys, before } = await revokeSome();
    // The connections end, and the server that is found next is a replica that had heard of nothing.
    proxy.stall();
    proxy.drop();
    await waitFor(async () => !(await areWell([one])) && !(await areWell([two])));
    await Promise.all(keys.map((key, i) => store.client.set(key, before[i] ?? Buffer.alloc(0))));
    proxy.resume();
    // Not trusted until it has been told: at no moment may the old entries be believed.
    const refused: boolean[] = [];
    await waitFor(async () => {
      // Only some: whoever asks for one while Redis is not believed mends its entry by the way.
      for (const { sessionToken } of sessions.slice(0, 2)) refused.push(await areRefused(sessionToken));
      return areWell(instances);
    });
    expect(new Set(refused)).toEqual(new Set([true]));
    for (const { sessionToken } of sessions) expect(await areRefused(sessionToken)).toBe(true);
    expect((await valuesOf(keys)).map((bytes) => bytes?.[0])).toEqual(keys.map(() => GONE));
  });

  it('brings none back either when no connection ends, as behind a proxy that keeps them', async () => {
    const { sessions, keys, before, sequence } = await revokeSome();
    const backs = () => Promise.all(instances.map(async (each) => countOf(await each.metrics())));
    const known = await backs();
    const transaction = store.client.multi().set(SEQUENCE, sequence);
    for (const [index, key] of keys.entries()) transaction.set(key, before[index] ?? Buffer.alloc(0));
    await transaction.exec();
    // From the heartbeat on that shows it, the old entries may not be believed any more.
    await waitFor(async () => (await backs()).every((count, index) => count > (known[index] ?? 0)));
    const refused: boolean[] = [];
    await waitFor(async () => {
      for (const { sessionToken } of sessions.slice(0, 2)) refused.push(await areRefused(sessionToken));
      return areWell(instances);
    });
    expect(new Set(refused)).toEqual(new Set([true]));
    for (const { sessionToken } of sessions) expect(await areRefused(sessionToken)).toBe(true);
    expect((await valuesOf(keys)).map((bytes) => bytes?.[0])).toEqual(keys.map(() => GONE));
  });

  it('brings none back when all that Redis holds is flushed, and believes it again', async () => {
    const { sessions } = await revokeSome();
    const known = await Promise.all(instances.map(async (each) => countOf(await each.metrics())));
    await redis.flush();
    await waitFor(async () => {
      const counts = await Promise.all(instances.map(async (each) => countOf(await each.metrics())));
      return counts.every((count, index) => count > (known[index] ?? 0));
    });
    for (const { sessionToken } of sessions) expect(await areRefused(sessionToken)).toBe(true);
    await waitFor(() => areWell(instances));
    // What was revoked lately was told once more, so that it is refused although Postgres may be gone by then.
    await waitFor(async () => (await keysOf()).length >= SESSIONS);
    for (const { sessionToken } of sessions) expect(await areRefused(sessionToken)).toBe(true);
  });
});

/** How often an instance has found that the sequence of Redis went back, or that it began anew. */
function countOf(metrics: string): number {
  const of = (cause: string) =>
    new RegExp(`^invalidation_bus_resets_total\\{[^}]*cause="${cause}"[^}]*\\} (\\d+)`, 'm');
  return ['back', 'gap'].reduce((sum, cause) => sum + Number(of(cause).exec(metrics)?.[1] ?? 0), 0);
}
