import { randomUUID } from 'node:crypto';
import { openRuntime, type Runtime } from '@gatehouse/mesh';
import { createRegistry, silentLogger, systemClock } from '@gatehouse/process';
import { AuthzServiceService, CheckResponse, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { type Call, connect, mount, serve } from '@gatehouse/rpc';
import {
  createTestDatabase,
  type LentRedis,
  lendRedis,
  type TestDatabase,
  testAuthority,
  testStores,
  waitFor,
} from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatToken, parseToken } from '../src/domain/consistency.ts';
import { access, authzService, openDeps, readConfig } from '../src/main.ts';
import { ALWAYS, permission, question } from './fixture.ts';

let redis: LentRedis;
let database: TestDatabase;
let runtime: Runtime;
let service: ReturnType<typeof authzService>;

beforeAll(async () => {
  [redis, database] = await Promise.all([lendRedis(), createTestDatabase('authz')]);
  const { ca, cert, key } = await (await testAuthority()).issue('authz');
  const config = readConfig({
    GATEHOUSE_LISTEN: '127.0.0.1:0',
    GATEHOUSE_ADMIN_LISTEN: '127.0.0.1:0',
    GATEHOUSE_TLS_CA: ca,
    GATEHOUSE_TLS_CERT: cert,
    GATEHOUSE_TLS_KEY: key,
    GATEHOUSE_TRUST_DOMAIN: testStores().trustDomain,
    GATEHOUSE_LOG_LEVEL: 'silent',
    GATEHOUSE_AUTHZ_POSTGRES_URL: database.url,
    GATEHOUSE_AUTHZ_REDIS_URL: redis.url,
    GATEHOUSE_AUTHZ_SECRET_KEYS: `1:${Buffer.alloc(32, 1).toString('base64url')}`,
    GATEHOUSE_SESSION_ADDRESS: '127.0.0.1:1',
    GATEHOUSE_AUDIT_ADDRESS: '127.0.0.1:1',
    // A pause of the machine must not end what memory may answer.
    GATEHOUSE_AUTHZ_STALENESS_BOUND_MS: '60000',
  });
  runtime = openRuntime({
    service: 'authz',
    config,
    postgresUrl: database.url,
    migrations: '',
    clock: systemClock,
  });
  service = authzService(openDeps(config, runtime));
});
afterAll(async () => {
  await runtime?.stops.stop();
  await redis?.stop();
  await database?.drop();
});

const CALL: Call = {
  method: '/gatehouse.authz.v1.AuthzService/Check',
  requestId: randomUUID(),
  trace: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), parentSpanId: undefined, sampled: false },
  peer: { name: 'operator/test', address: '127.0.0.1' },
  deadlineMs: Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  sessionToken: undefined,
  clientAddress: undefined,
  actor: undefined,
  idempotency: undefined,
};

const ask = (userId: string, token?: string) => {
  const requirement = token === undefined ? undefined : ({ $case: 'atLeastAsFresh', value: token } as const);
  const consistency = requirement && { requirement };
  return service.check({ ...question(userId, 'hot:path'), consistency }, CALL);
};
const decisionOf = (answer: unknown) => {
  if (!Buffer.isBuffer(answer)) throw new Error('The answer is not encoded.');
  return CheckResponse.decode(answer).decision;
};

async function grantedUser(): Promise<{ userId: string; token: string }> {
  const userId = randomUUID();
  await Promise.resolve(service.createPermission(permission('hot:path'), CALL)).catch(() => {});
  const made = {
    name: `role-${randomUUID()}`,
    description: '',
    parentRoleId: '',
    permissions: ['hot:path'],
    denialConditions: [],
    deniedPermissions: [],
  };
  const { role } = (await service.createRole(made, CALL)) as { role: { roleId: string } };
  const granted = await service.grantRole({ userId, roleId: role.roleId, reason: '', ...ALWAYS }, CALL);
  return { userId, token: (granted as { consistencyToken: string }).consistencyToken };
}

describe('a check that memory can answer', () => {
  it('is answered without waiting for anything, in bytes that are ready to be sent', async () => {
    const { userId, token } = await grantedUser();
    const stranger = randomUUID();
    await waitFor(async () => {
      await Promise.all([ask(userId), ask(stranger)]);
      return Buffer.isBuffer(ask(userId)) && Buffer.isBuffer(ask(stranger));
    });
    expect(decisionOf(ask(userId))).toBe(Decision.DECISION_ALLOWED);
    expect(decisionOf(ask(stranger))).toBe(Decision.DECISION_DENIED);
    expect(decisionOf(ask(userId, token))).toBe(Decision.DECISION_ALLOWED);
    expect(decisionOf(ask(stranger, token))).toBe(Decision.DECISION_DENIED);
    expect(ask(userId)).toBe(ask(userId));
  });

  it('waits when it demands more than memory has', async () => {
    const { userId, token } = await grantedUser();
    await waitFor(async () => {
      await ask(userId);
      return Buffer.isBuffer(ask(userId));
    });
    const { modelRevision, user } = parseToken(token);
    const next = formatToken({ modelRevision, user: { id: userId, revision: (user?.revision ?? 0n) + 1n } });
    for (const newer of [next, formatToken({ modelRevision: modelRevision + 1n })]) {
      const answer = ask(userId, newer);
      expect(answer).toBeInstanceOf(Promise);
      await expect(answer).rejects.toMatchObject({ reason: 'CONSISTENCY_TOKEN_INVALID' });
    }
    const full = { requirement: { $case: 'fullyConsistent', value: true } as const };
    const answer = service.check({ ...question(userId, 'hot:path'), consistency: full }, CALL);
    expect(answer).toBeInstanceOf(Promise);
    expect(decisionOf(await answer)).toBe(Decision.DECISION_ALLOWED);
  });
});

it('can be served without TLS on loopback, as a benchmark does', async () => {
  const server = await serve({
    listen: { host: '127.0.0.1', port: 0 },
    transport: { kind: 'insecure-loopback', peer: 'app/bench' },
    services: [mount(AuthzServiceService, service, access)],
    reflection: false,
    logger: silentLogger,
    registry: createRegistry('bench'),
  });
  const client = connect({
    definition: AuthzServiceService,
    address: `127.0.0.1:${server.port}`,
    transport: { kind: 'insecure-loopback' },
  });
  try {
    const { decision } = await client.check(question(randomUUID(), 'hot:path'));
    expect(decision).toBe(Decision.DECISION_DENIED);
  } finally {
    client.close();
    await server.drain(100);
  }
});
