import { Failure } from '@gatehouse/failure';
import { type DecisionLevel, openTrail, type Trail } from '@gatehouse/mesh';
import { type Database, openDatabase } from '@gatehouse/postgres';
import { createRegistry, silentLogger, uuidTimeMs } from '@gatehouse/process';
import { AuditServiceService, type Event } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { certificateSource, connect, mount, startTrace } from '@gatehouse/rpc';
import {
  createTestDatabase,
  outboxEvents,
  startStandIn,
  type TestDatabase,
  testAuthority,
  testStores,
  waitFor,
} from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OBSERVATIONS_MAX } from '../src/observation-buffer.ts';

const SOURCE = {
  peer: { name: 'app/shop', address: '10.1.2.3' },
  requestId: '0b2bb1b4-5b0b-4c1c-9d55-1b2ef4f7ab01',
  trace: startTrace(),
  actor: undefined,
};

let database: TestDatabase;
let db: Database;
let received: Event[];
let refuse: Failure | undefined;
let stops: (() => unknown)[];
let registry: ReturnType<typeof createRegistry>;

beforeEach(async () => {
  stops = [];
  received = [];
  refuse = undefined;
  registry = createRegistry('session');
  database = await createTestDatabase('session');
  stops.push(() => database.drop());
  db = openDatabase({ url: database.url, applicationName: 'trail', logger: silentLogger });
  stops.push(() => db.close());
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function auditAddress(): Promise<string> {
  const everyone = { peers: ['session'] };
  const standIn = await startStandIn({
    name: 'audit',
    services: [
      mount(
        AuditServiceService,
        {
          recordEvents: ({ events }) => {
            if (refuse) throw refuse;
            received.push(...events);
            return { recordedCount: events.length };
          },
          listEvents: () => ({ events: [], nextPageToken: '' }),
        },
        { recordEvents: everyone, listEvents: everyone },
      ),
    ],
  });
  stops.push(standIn.stop);
  return standIn.address;
}

async function trailTo(address: string, decisions: DecisionLevel = 'denied'): Promise<Trail> {
  const certificates = certificateSource({ ...(await testAuthority()).issueSync('session'), logger: silentLogger });
  const { trustDomain } = testStores();
  const transport = { kind: 'mtls', certificates, trustDomain, serverName: 'audit' } as const;
  const audit = connect({ definition: AuditServiceService, address, transport });
  const trail = openTrail({
    service: 'session',
    schema: 'session',
    db,
    audit,
    logger: silentLogger,
    registry,
    decisions,
  });
  stops.push(
    () => certificates.stop(),
    () => audit.close(),
    () => trail.stop(),
  );
  return trail;
}

describe('an event', () => {
  it('commits with what it tells, is delivered once, and leaves the outbox', async () => {
    const trail = await trailTo(await auditAddress());
    await db.transaction((tx) =>
      trail.record(tx, SOURCE, {
        type: 'session.created',
        status: 'success',
        userId: SOURCE.requestId,
        attributes: { long: 'x'.repeat(999) },
      }),
    );
    await waitFor(() => received.length > 0);
    await trail.drained();
    expect(received).toMatchObject([
      {
        service: 'session',
        eventType: 'session.created',
        actor: 'peer:app/shop',
        peer: 'app/shop',
        ipAddress: '10.1.2.3',
        requestId: SOURCE.requestId,
        traceId: SOURCE.trace.traceId,
        attributes: { long: 'x'.repeat(512) },
      },
    ]);
    expect(received[0]?.occurredAt?.getTime()).toBe(uuidTimeMs(received[0]?.eventId ?? ''));
    expect(await outboxEvents({ name: 'session', database })).toEqual([]);
  });

  it('is not there when the transaction is rolled back', async () => {
    const trail = await trailTo(await auditAddress());
    const work = db.transaction(async (tx) => {
      await trail.record(tx, SOURCE, { type: 'session.created', status: 'success' });
      throw new Error('undone');
    });
    await expect(work).rejects.toThrow('undone');
    await trail.drained();
    expect(received).toEqual([]);
  });

  it('names the end user who did it, from the call or from the event', async () => {
    const trail = await trailTo(await auditAddress());
    const actor = { userId: 'caller', sessionId: 's' };
    await db.transaction(async (tx) => {
      await trail.record(tx, { ...SOURCE, actor }, { type: 'a.b', status: 'success' });
      await trail.record(
        tx,
        { ...SOURCE, actor },
        { type: 'a.b', status: 'success', actorUserId: 'owner', origin: { ipAddress: '203.0.113.7' } },
      );
    });
    await waitFor(() => received.length === 2);
    expect(received.map((event) => [event.actor, event.ipAddress])).toEqual([
      ['user:caller', '10.1.2.3'],
      ['user:owner', '203.0.113.7'],
    ]);
  });

  it('waits for an audit service that does not answer', async () => {
    refuse = new Failure('unavailable', 'POSTGRES_UNAVAILABLE', 'Not now.');
    const trail = await trailTo(await auditAddress());
    await db.transaction((tx) => trail.record(tx, SOURCE, { type: 'session.created', status: 'success' }));
    await waitFor(async () => (await outboxEvents({ name: 'session', database })).length === 1);
    expect(received).toEqual([]);
    refuse = undefined;
    await waitFor(() => received.length === 1);
  });
});

describe('a decision', () => {
  const allowed = { type: 'session.validated', status: 'success' } as const;
  const denied = { type: 'session.refused', status: 'denied' } as const;

  it.each([
    ['none', []],
    ['denied', ['session.refused']],
    ['all', ['session.validated', 'session.refused']],
  ] as const)('is recorded as the level %s says', async (level, types) => {
    const trail = await trailTo(await auditAddress(), level);
    trail.observe(SOURCE, allowed);
    trail.observe(SOURCE, denied);
    await trail.drained();
    expect(received.map(({ eventType }) => eventType)).toEqual(types);
    expect([trail.observes('success'), trail.observes('denied')]).toEqual([types.length === 2, types.length > 0]);
  });

  it('beyond the bound is dropped and counted, and the rest is kept while Postgres is away', async () => {
    const trail = await trailTo(await auditAddress());
    // Nothing is written before this turn of the event loop has ended.
    for (let i = 0; i < OBSERVATIONS_MAX + 7; i++) trail.observe(SOURCE, denied);
    expect(await registry.metrics()).toContain('audit_observations_dropped_total{service="session"} 7');
    await trail.drained();
    expect(received.length).toBe(OBSERVATIONS_MAX);
  });

  it('that was noted is written when the trail is stopped', async () => {
    const trail = await trailTo('127.0.0.1:1');
    trail.observe(SOURCE, denied);
    await trail.stop();
    expect(await outboxEvents({ name: 'session', database })).toMatchObject([{ eventType: 'session.refused' }]);
  });
});
