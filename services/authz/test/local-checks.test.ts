import { randomUUID } from 'node:crypto';
import { connectGatehouse, type GatehouseClient } from '@gatehouse/client';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import {
  createTestDatabase,
  type RedisInstance,
  startRedis,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase,
  testAuthority,
  testStores,
  waitFor,
} from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ALWAYS, BOUND_MS, type Fixture, permission, staleness, startFixture } from './fixture.ts';
import { CONTEXTS, NAMES, RESOURCES, storeRandomPolicies } from './random-policies.ts';

// What is waited for takes a while on a busy machine.
let redis: RedisInstance;
let database: TestDatabase;
let a: Fixture;
let b: Fixture;
let proxy: TcpProxy;
const clients: GatehouseClient[] = [];

beforeAll(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('authz')]);
  [a, b] = await Promise.all(
    ['a', 'b'].map((instance) => startFixture({ redis, database, instance })) as [Promise<Fixture>, Promise<Fixture>],
  );
  proxy = await startTcpProxy({ target: { port: Number(a.service.address.split(':').at(-1)) } });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  proxy.resume();
});
afterAll(async () => {
  await proxy?.stop();
  await Promise.all([a?.stop(), b?.stop()]);
  await redis?.stop();
  await database?.drop();
});

async function connect(address = a.service.address, permissionCache: object = {}) {
  const files = await (await testAuthority()).issue('app/test');
  const client = connectGatehouse({
    session: { address },
    authz: { address },
    tls: { ...files, trustDomain: testStores().trustDomain },
    permissionCache,
    defaults: { deadlineMs: 1_000, retries: 0 },
  });
  clients.push(client);
  return client.permissions;
}
type Permissions = Awaited<ReturnType<typeof connect>>;

/** Asks until the answer comes from memory. */
async function remembered(permissions: Permissions, question: Parameters<Permissions['peek']>[0]): Promise<boolean> {
  const verdict = await waitFor(
    async () => permissions.peek(question) ?? (await permissions.check(question).then(() => undefined)),
    { everyMs: 1 },
  );
  return verdict.isAllowed;
}

/** A user with a role that allows `permission`, known to the client. */
async function holder(permissions: Permissions, permission: string) {
  const [userId, role] = [randomUUID(), await a.role({ permissions: [permission] })];
  const question = { userId, permission };
  expect(await remembered(permissions, question)).toBe(false);
  await a.grant(userId, role);
  await waitFor(() => remembered(permissions, question), { everyMs: 1 });
  return { userId, role, question };
}

describe('checks in the memory of a client', () => {
  it('see a grant, and a revocation on the other instance, within the bound', async () => {
    const permissions = await connect();
    const [userId, role] = [randomUUID(), await a.role({ permissions: ['local:read'] })];
    const question = { userId, permission: 'local:read' };
    const ask = async () => (permissions.peek(question) ?? (await permissions.check(question))).isAllowed;
    for (let round = 0; round < 3; round += 1) {
      expect(await remembered(permissions, question)).toBe(false);
      await b.grant(userId, role);
      expect(await staleness(ask, true)).toBeLessThan(BOUND_MS);
      expect(await remembered(permissions, question)).toBe(true);
      await (round % 2 ? a : b).revoke(userId, role);
      expect(await staleness(ask, false)).toBeLessThan(BOUND_MS);
    }
    const { batches, hits } = permissions.statistics();
    await remembered(permissions, question);
    expect(permissions.statistics()).toMatchObject({ batches, isCurrent: true });
    expect(permissions.statistics().hits).toBeGreaterThan(hits);
  });

  it('see a change of a role, and decide on in memory', async () => {
    const permissions = await connect();
    const { role, question } = await holder(permissions, 'changing:read');
    await b.model.updateRole({
      roleId: role,
      description: undefined,
      parentRoleId: undefined,
      mustMatchRevision: undefined,
      addPermissions: [],
      removePermissions: ['changing:read'],
      addDeniedPermissions: [],
      denialConditions: [],
      removeDeniedPermissions: [],
    });
    await waitFor(async () => !(await remembered(permissions, question)), { everyMs: 1 });
  });

  it('end at the time at which a grant ends, without asking anybody', async () => {
    const permissions = await connect();
    await holder(permissions, 'timed:read');
    const [userId, role] = [randomUUID(), await a.role({ permissions: ['timed:read'] })];
    const validUntil = new Date(Date.now() + 2_000);
    await a.operator.grantRole({ ...ALWAYS, userId, roleId: role, reason: '', validUntil });
    const question = { userId, permission: 'timed:read' };
    expect(await remembered(permissions, question)).toBe(true);
    const { batches, remembered: users } = permissions.statistics();
    // Whatever memory says until then is right: what can't be said from memory is left out.
    await waitFor(() => {
      const beforeMs = Date.now();
      const verdict = permissions.peek(question);
      if (verdict?.isAllowed) expect(beforeMs).toBeLessThan(validUntil.getTime() + 100);
      return verdict?.isAllowed === false;
    });
    expect(Date.now()).toBeGreaterThanOrEqual(validUntil.getTime() - 100);
    expect(permissions.statistics()).toMatchObject({ batches, remembered: users });
  });

  it('see at once, with its token, what was changed, and need nobody for it once they have heard', async () => {
    const permissions = await connect();
    const { userId, role, question } = await holder(permissions, 'fresh:read');
    for (let round = 0; round < 5; round += 1) {
      const revoked = await b.revoke(userId, role);
      expect((await permissions.check(question, { consistencyToken: revoked })).isAllowed).toBe(false);
      const granted = await a.grant(userId, role);
      expect((await permissions.check(question, { consistencyToken: granted })).isAllowed).toBe(true);
      expect((await permissions.check(question, { freshness: 'strict' })).isAllowed).toBe(true);
      await waitFor(() => permissions.peek(question, { consistencyToken: granted })?.isAllowed, { everyMs: 1 });
    }
  });

  it('answer whatever the service answers, over random policies', async () => {
    const users = await storeRandomPolicies(a);
    const permissions = await connect();
    await holder(permissions, 'random:read');
    const service = b.service.connectAs('app/test', AuthzServiceService);
    let allowed = 0;
    for (const userId of users) {
      const questions = NAMES.flatMap((permission) =>
        RESOURCES.flatMap((resource) => CONTEXTS.map((context) => ({ userId, permission, resource, context }))),
      );
      const consistency = { requirement: { $case: 'fullyConsistent', value: true } } as const;
      const { results } = await service.batchCheck({ items: questions, consistency });
      await remembered(permissions, { userId, permission: 'a:r' });
      for (const [index, question] of questions.entries()) {
        const verdict = permissions.peek(question) ?? (await permissions.check(question));
        const { decision, undetermined } = results[index] ?? {};
        const expected = { isAllowed: decision === Decision.DECISION_ALLOWED, undetermined };
        expect(verdict, JSON.stringify(question)).toEqual(expected);
        if (verdict.isAllowed) allowed += 1;
      }
    }
    expect(allowed).toBeGreaterThan(100);
    // The proof must have been about memory.
    expect(permissions.statistics().hits).toBeGreaterThan(users.length * 50);
  });
});

describe('a client whose watch is cut off', () => {
  const proxied = () => connect(`127.0.0.1:${proxy.port}`);

  it('answers nothing from memory beyond the bound, and nothing old when it is back', async () => {
    const permissions = await proxied();
    const { userId, role, question } = await holder(permissions, 'cut:read');
    proxy.stall();
    const stalledAtMs = performance.now();
    await b.revoke(userId, role);
    let lastAtMs = stalledAtMs;
    await waitFor(
      () => {
        const now = performance.now();
        if (permissions.peek(question) === undefined) return true;
        lastAtMs = now;
        return false;
      },
      { everyMs: 5 },
    );
    expect(lastAtMs - stalledAtMs).toBeLessThan(BOUND_MS);
    await expect(permissions.check(question)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    proxy.resume();
    await waitFor(
      () => {
        const verdict = permissions.peek(question);
        if (verdict) expect(verdict.isAllowed).toBe(false);
        return permissions.statistics().isCurrent;
      },
      { everyMs: 1 },
    );
    expect(await remembered(permissions, question)).toBe(false);
  });

  it('goes on after a break with all that it remembers, but for what has changed meanwhile', async () => {
    const permissions = await proxied();
    const [stays, goes] = [await holder(permissions, 'stays:read'), await holder(permissions, 'goes:read')];
    const reads = () => a.metric('grpc_server_handled_total', 'grpc_method="GetUserGrants"');
    const before = await reads();
    proxy.drop();
    await b.revoke(goes.userId, goes.role);
    await waitFor(
      () => {
        const verdict = permissions.peek(goes.question);
        return permissions.statistics().isCurrent && verdict?.isAllowed !== true;
      },
      { everyMs: 1 },
    );
    await waitFor(() => permissions.peek(stays.question)?.isAllowed, { everyMs: 1 });
    expect(await reads()).toBe(before);
    expect(await remembered(permissions, goes.question)).toBe(false);
  });

  it('forgets everything when nobody can tell what it missed', async () => {
    const permissions = await proxied();
    const { question } = await holder(permissions, 'swept:read');
    proxy.stall();
    await a.rows(
      `update authz.changes_swept set through_xid = (pg_snapshot_xmin(pg_current_snapshot())::text::bigint)::text::xid8`,
    );
    await b.operator.createPermission(permission('swept:other'));
    await b.operator.createPermission(permission('swept:another'));
    proxy.drop();
    proxy.resume();
    await waitFor(() => permissions.statistics().remembered === 0, { everyMs: 1 });
    expect(await remembered(permissions, question)).toBe(true);
  });
});

it('without an address of authz says so', async () => {
  const client = connectGatehouse({ session: { address: '127.0.0.1:1' }, tls: 'plaintext-loopback' });
  const question = { userId: randomUUID(), permission: 'a:b' };
  expect(client.permissions.peek(question)).toBeUndefined();
  await expect(client.permissions.check(question)).rejects.toMatchObject({ reason: 'AUTHZ_ADDRESS_MISSING' });
  client.close();
});
