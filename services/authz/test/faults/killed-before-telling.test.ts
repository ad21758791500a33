import { randomUUID } from 'node:crypto';
import {
  areWell,
  createTestDatabase,
  databaseByWayOf,
  type RedisInstance,
  startRedis,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Fixture, staleness, startFixture } from '../fixture.ts';
import { modelRevision } from '../model.ts';
import { startBehindProxy } from './behind-proxy.ts';
import { BOUND_MS, SHORT_BOUND } from './short-bound.ts';

/** What the relay may take to find what a dead instance has left, on a busy machine. */
const RELAY_MS = 1_000;

let redis: RedisInstance;
let database: TestDatabase;
let toRedis: TcpProxy;
let toPostgres: TcpProxy;
let others: Fixture[];
/** Reaches either store only through a proxy, and so is dead to everybody when both let nothing through. */
let victim: Fixture;

beforeEach(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('authz')]);
  toRedis = await startTcpProxy({ target: redis });
  toPostgres = await startTcpProxy({ target: { port: Number(new URL(database.url).port) } });
  const behind = { redis, database: databaseByWayOf(toPostgres, database), env: SHORT_BOUND, instance: 'victim' };
  [victim, ...others] = await Promise.all([
    startBehindProxy(toRedis, behind),
    startFixture({ redis, database, env: SHORT_BOUND, instance: 'a' }),
    startFixture({ redis, database, env: SHORT_BOUND, instance: 'b' }),
  ]);
  await waitFor(() => areWell([victim, ...others]));
});
afterEach(async () => {
  for (const proxy of [toRedis, toPostgres]) proxy?.resume();
  await Promise.all([victim, ...(others ?? [])].map((each) => each?.stop()));
  await Promise.all([toRedis?.stop(), toPostgres?.stop()]);
  await redis?.stop();
  await database?.drop();
});

/** Has the victim begin a change, and kills it when that is committed and before anybody was told. */
async function killedAfter(change: () => Promise<unknown>, isCommitted: () => Promise<boolean>): Promise<void> {
  toRedis.stall();
  const answer = change().catch(() => {});
  await waitFor(isCommitted, { everyMs: 1 });
  for (const proxy of [toRedis, toPostgres]) {
    proxy.stall();
    proxy.drop();
  }
  await answer;
}

/** That all others answer so, within the bound since now. */
async function expectSeen(ask: (fixture: Fixture) => Promise<boolean>, expected: boolean): Promise<void> {
  const latest = await Promise.all(others.map((fixture) => staleness(() => ask(fixture), expected)));
  expect(Math.max(...latest)).toBeLessThan(BOUND_MS + RELAY_MS);
}

describe('an instance that is killed between its commit and its telling', () => {
  it('has others tell of a revocation', async () => {
    const [a] = others as [Fixture];
    const roleId = await a.role({ permissions: ['orphaned:read'] });
    const userId = randomUUID();
    await a.grant(userId, roleId);
    for (const each of others) await each.warm(userId);
    await killedAfter(
      () => victim.revoke(userId, roleId),
      async () => (await a.rows('select from authz.role_grants where user_id = $1::uuid', [userId])).length === 0,
    );
    await expectSeen((fixture) => fixture.allowed(userId, 'orphaned:read'), false);
    await waitFor(async () => (await a.rows('select from authz.invalidations')).length === 0);
  });

  it('has others tell of a change of the model', async () => {
    const [a] = others as [Fixture];
    const roleId = await a.role({ permissions: ['orphaned:write'] });
    const userId = randomUUID();
    await a.grant(userId, roleId);
    for (const each of others) {
      await each.warm(userId);
      expect(await each.allowed(userId, 'orphaned:write')).toBe(true);
    }
    const before = await modelRevision(a);
    const deny = { addPermissions: [], removePermissions: ['orphaned:write'] };
    await killedAfter(
      () =>
        victim.model.updateRole({
          roleId,
          ...deny,
          addDeniedPermissions: [],
          denialConditions: [],
          removeDeniedPermissions: [],
        }),
      async () => (await modelRevision(a)) > before,
    );
    await expectSeen((fixture) => fixture.allowed(userId, 'orphaned:write'), false);
    await waitFor(async () => (await a.rows('select from authz.invalidations')).length === 0);
  });
});
