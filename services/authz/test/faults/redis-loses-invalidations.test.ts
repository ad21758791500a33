import { randomUUID } from 'node:crypto';
import { silentLogger } from '@gatehouse/process';
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
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fixture } from '../fixture.ts';
import { startBehindProxy } from './behind-proxy.ts';

const USERS = 4;
const ENTRIES = 'ga:*';
const SEQUENCE = 'gatehouse:authz:sequence';

let redis: RedisInstance;
let database: TestDatabase;
let proxy: TcpProxy;
let a: Fixture;
let b: Fixture;
/** Reaches Redis beside the proxy. */
let store: RedisStore;

beforeAll(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('authz')]);
  proxy = await startTcpProxy({ target: redis });
  store = openRedis({ url: redis.url, name: 'test', commandTimeoutMs: 5_000, logger: silentLogger });
  [a, b] = await Promise.all([
    startBehindProxy(proxy, { redis, database, instance: 'a' }),
    startBehindProxy(proxy, { redis, database, instance: 'b' }),
  ]);
  await store.ready();
  await waitFor(() => areWell([a, b]));
});
afterAll(async () => {
  proxy?.resume();
  await store?.close();
  await Promise.all([a?.stop(), b?.stop()]);
  await proxy?.stop();
  await redis?.stop();
  await database?.drop();
});

/** What Redis holds, by key. */
async function entries(): Promise<Map<string, Buffer>> {
  const keys = (await store.client.keys(ENTRIES)).sort();
  const values = await Promise.all(keys.map((key) => store.client.getBuffer(key)));
  return new Map(keys.map((key, index) => [key, values[index] ?? Buffer.alloc(0)]));
}

/** What Redis held at a time. */
interface Past {
  readonly entries: Map<string, Buffer>;
  readonly sequence: string;
}

async function remember(): Promise<Past> {
  return { entries: await entries(), sequence: (await store.client.get(SEQUENCE)) ?? '0' };
}

/** The connections end, and the server that is found next is a replica that had heard of nothing since. */
async function failOver(past: Past): Promise<void> {
  proxy.stall();
  proxy.drop();
  await waitFor(async () => !(await areWell([a])) && !(await areWell([b])));
  await Promise.all([...past.entries].map(([key, bytes]) => store.client.set(key, bytes)));
  proxy.resume();
}

/** No connection ends, as behind a proxy that keeps them, and the server is one that had heard of nothing since. */
async function goBack({ entries, sequence }: Past): Promise<void> {
  const metrics = [a, b].map((each) => () => each.metric('invalidation_bus_resets_total', 'cause="back"'));
  const known = await Promise.all(metrics.map((metric) => metric()));
  const transaction = store.client.multi().set(SEQUENCE, sequence);
  for (const [key, bytes] of entries) transaction.set(key, bytes);
  await transaction.exec();
  // From the heartbeat on that shows it, the old entries may not be believed any more.
  await waitFor(async () =>
    (await Promise.all(metrics.map((metric) => metric()))).every((count, index) => count > (known[index] ?? 0)),
  );
}

const someUsers = () => Array.from({ length: USERS }, () => randomUUID());

/** Asks about all users on both instances; whether each answer is the one that is expected. */
async function areAll(expected: boolean, users: readonly string[], permission: string): Promise<boolean> {
  const answers = await Promise.all(
    users.flatMap((userId) => [a, b].map((fixture) => fixture.allowed(userId, permission))),
  );
  return answers.every((answer) => answer === expected);
}

describe.each([
  ['whose connections end', 'ended', failOver],
  ['that keeps its connections', 'kept', goBack],
])('a failover of Redis %s and that loses changes of which it had been told', (_, word, lose) => {
  it('brings no grant back and takes none away, once Redis is believed again', async () => {
    const roleId = await a.role({ permissions: [`${word}:read`] });
    const [revoked, granted] = [someUsers(), someUsers()];
    for (const userId of revoked) await a.grant(userId, roleId);
    for (const fixture of [a, b]) for (const userId of [...revoked, ...granted]) await fixture.warm(userId);
    const before = await remember();
    for (const userId of revoked) await a.revoke(userId, roleId);
    for (const userId of granted) await b.grant(userId, roleId);
    const told = await entries();
    const changed = [...before.entries].filter(([key, bytes]) => told.get(key)?.equals(bytes) === false);
    expect(changed).toHaveLength(2 * USERS);

    await lose(before);
    // At no moment may the old entries be believed.
    const right: boolean[] = [];
    await waitFor(async () => {
      // Only some: whoever asks about one while Redis is not believed mends its entry by the way.
      right.push(
        await areAll(false, revoked.slice(2), `${word}:read`),
        await areAll(true, granted.slice(2), `${word}:read`),
      );
      return areWell([a, b]);
    });
    expect(new Set(right)).toEqual(new Set([true]));
    expect(await areAll(false, revoked, `${word}:read`)).toBe(true);
    expect(await areAll(true, granted, `${word}:read`)).toBe(true);
    expect(await a.metric('cache_invalidations_retold_total')).toBeGreaterThan(0);
  });

  it('brings no model back', async () => {
    const roleId = await a.role({ permissions: [`${word}_model:read`, `${word}_model:write`] });
    const userId = randomUUID();
    await a.grant(userId, roleId);
    for (const fixture of [a, b]) {
      await fixture.warm(userId);
      expect(await fixture.allowed(userId, `${word}_model:write`)).toBe(true);
    }
    const before = await remember();
    await a.model.updateRole({
      roleId,
      addPermissions: [],
      removePermissions: [`${word}_model:write`],
      addDeniedPermissions: [],
      denialConditions: [],
      removeDeniedPermissions: [],
    });
    const ofModel = [...before.entries.keys()].find((key) => key.endsWith(':model')) ?? '';
    expect((await entries()).get(ofModel)).not.toEqual(before.entries.get(ofModel));

    // Nobody has asked since: both have only the old model in memory, and Redis says that it is the current one.
    await lose(before);
    await waitFor(() => areWell([a, b]));
    for (let round = 0; round < 10; round++) expect(await areAll(false, [userId], `${word}_model:write`)).toBe(true);
    expect(await areAll(true, [userId], `${word}_model:read`)).toBe(true);
  });
});
