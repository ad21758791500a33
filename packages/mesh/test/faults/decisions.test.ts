import { openTrail, type Trail } from '@gatehouse/mesh';
import { type Database, openDatabase, statement } from '@gatehouse/postgres';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { AuditServiceService } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { certificateSource, connect, startTrace } from '@gatehouse/rpc';
import {
  byWayOf,
  createTestDatabase,
  outboxEvents,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase,
  testAuthority,
  testStores,
  waitFor,
} from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SOURCE = {
  peer: { name: 'app/shop', address: '10.1.2.3' },
  requestId: '0b2bb1b4-5b0b-4c1c-9d55-1b2ef4f7ab01',
  trace: startTrace(),
  actor: undefined,
};
const DENIED = { type: 'session.refused', status: 'denied' } as const;
/** Longer than anything takes that is only slow. */
const CALL_MS = 60_000;
/** How long each way to Postgres is made. */
const WAY_MS = 1_000;
/** More than are written at once. */
const MANY = 700;

let database: TestDatabase;
/** Reaches Postgres beside the proxy. */
let db: Database;
let proxy: TcpProxy;
let trail: Trail;
let registry: ReturnType<typeof createRegistry>;
let stops: (() => unknown)[];

beforeEach(async () => {
  stops = [];
  database = await createTestDatabase('session');
  stops.push(() => database.drop());
  db = openDatabase({ url: database.adminUrl, applicationName: 'beside', logger: silentLogger });
  stops.push(() => db.close());
  const { hostname, port } = new URL(database.url);
  proxy = await startTcpProxy({ target: { host: hostname, port: Number(port) } });
  stops.push(() => proxy.stop());
  const limits = { connectTimeoutMs: CALL_MS, acquireTimeoutMs: CALL_MS, statementTimeoutMs: CALL_MS };
  const own = openDatabase({
    url: byWayOf(proxy, database.url),
    applicationName: 'trail',
    ...limits,
    logger: silentLogger,
  });
  stops.push(() => own.close());
  // Connections that stand, for a slow way makes it long until one does.
  await Promise.all(Array.from({ length: 4 }, () => own.query(statement('test.nap', 'select pg_sleep(0.2)'))));
  registry = createRegistry('session');
  const certificates = certificateSource({ ...(await testAuthority()).issueSync('session'), logger: silentLogger });
  const transport = { kind: 'mtls', certificates, trustDomain: testStores().trustDomain, serverName: 'audit' } as const;
  // Nobody is there: what reaches the outbox stays in it.
  const audit = connect({ definition: AuditServiceService, address: '127.0.0.1:1', transport });
  const of = { service: 'session', schema: 'session', db: own, audit, logger: silentLogger, registry };
  trail = openTrail({ ...of, decisions: 'denied' });
  stops.push(
    () => certificates.stop(),
    () => audit.close(),
    () => trail.stop(),
  );
});
afterEach(async () => {
  proxy.resume();
  for (const stop of stops.reverse()) await stop();
});

const decide = (count: number, what: object = {}) => {
  for (let each = 0; each < count; each++) trail.observe(SOURCE, { ...DENIED, ...what });
};
const COUNT = statement<{ count: bigint }>('test.count-outbox', 'select count(*) as count from session.outbox');
const count = async () => Number((await db.query(COUNT))[0]?.count);

describe('decisions, while audit is away', () => {
  it('all reach the outbox once, although the answer to a commit is lost', async () => {
    proxy.delay(WAY_MS);
    decide(MANY);
    // It has happened, and its answer is on its way.
    await waitFor(async () => (await count()) > 0);
    proxy.drop();
    proxy.resume();
    decide(MANY);
    await waitFor(async () => (await count()) === 2 * MANY);
    decide(1);
    await waitFor(async () => (await count()) === 2 * MANY + 1);
    const events = await outboxEvents({ name: 'session', database });
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(2 * MANY + 1);
  });

  it('all reach the outbox but those that it will never take, which are counted', async () => {
    const refuse = `alter table session.outbox add constraint poison check (position('poison'::bytea in payload) = 0)`;
    await db.query(statement('test.refuse', refuse));
    decide(300);
    decide(1, { description: 'poison' });
    decide(250);
    decide(2, { description: 'poison' });
    decide(147);
    await waitFor(async () => (await count()) === MANY - 3);
    decide(5);
    await waitFor(async () => (await count()) === MANY + 2);
    expect(await registry.metrics()).toMatch(/audit_observations_refused_total\{.*\} 3/);
  });
});
