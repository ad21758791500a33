import { Failure } from '@gatehouse/failure';
import { type AuditEvent, type DecisionLevel, type EventSource, openTrail, type Trail } from '@gatehouse/mesh';
import { type Database, openDatabase } from '@gatehouse/postgres';
import { createRegistry, silentLogger, uuidTimeMs, uuidv7 } from '@gatehouse/process';
import { AuditServiceService, type Event } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { certificateSource, connect, mount, startTrace } from '@gatehouse/rpc';
import {
  createTestDatabase,
  outboxEvents,
  PATIENT,
  startStandIn,
  type TestDatabase,
  testAuthority,
  testStores,
  waitFor,
} from '@gatehouse/testing';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OBSERVATIONS_MAX } from '../src/observation-buffer.ts';

const SOURCE = {
  peer: { name: 'app/shop', address: '10.1.2.3' },
  requestId: '0b2bb1b4-5b0b-4c1c-9d55-1b2ef4f7ab01',
  trace: startTrace(),
  actor: undefined,
};

const ODD_CHARACTERS = ['a', 'Z', '9', ' ', '%', ':', '.', '/', '\0', '\n', 'é', '\u{1f511}', '\ud800', '\udc00', '"'];
const ODD_TEXTS = [
  '',
  'fe80::1%eth0',
  '10.1.2.3:443',
  '[::1]:80',
  '/run/gateway.sock',
  '::FFFF:10.9.8.7',
  '127.0.0.1',
  'unix:',
  '@',
  '__proto__',
  'constructor',
  '0B2BB1B4-5B0B-4C1C-9D55-1B2EF4F7AB01',
  '0'.repeat(32),
  '\0',
];

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
  db = openDatabase({ url: database.url, applicationName: 'trail', logger: silentLogger, ...PATIENT });
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

  it('is taken whatever the call and the origin hold', async () => {
    const trail = await trailTo(await auditAddress());
    const { below, pick, happens } = seededChance();
    const word = () => {
      const long = happens(0.2) ? below(3_000) : below(200);
      return happens(0.5) ? pick(ODD_TEXTS) : Array.from({ length: long }, () => pick(ODD_CHARACTERS)).join('');
    };
    const id = () => (happens(0.5) ? uuidv7() : word());
    const maybe = <T>(value: () => T) => (happens(0.7) ? value() : undefined);
    const events = Array.from({ length: rounds(3_000) }, (): [EventSource, AuditEvent] => [
      {
        peer: { name: happens(0.5) ? `app/${'x'.repeat(below(3_000))}` : word(), address: word() },
        requestId: id(),
        trace: { ...startTrace(), ...(happens(0.3) ? { traceId: word() } : {}) },
        actor: maybe(() => ({ userId: id(), sessionId: id() })),
      },
      {
        type: 'session.created',
        status: pick(['success', 'denied', 'failure'] as const),
        description: word(),
        userId: maybe(id),
        sessionId: maybe(id),
        actorUserId: maybe(id),
        origin: maybe(() => ({ ipAddress: maybe(word), userAgent: maybe(word) })),
        attributes: Object.fromEntries(Array.from({ length: below(50) }, () => [word(), word()])),
      },
    ]);
    for (const [source, event] of events) await db.transaction((tx) => trail.record(tx, source, event));
    await trail.drained();
    // At least once: a delivery whose answer is late is made again.
    expect(new Set(received.map(({ eventId }) => eventId)).size).toBe(events.length);
    expect(await outboxEvents({ name: 'session', database })).toEqual([]);
  });

  it.each([
    ['203.0.113.7', '203.0.113.7', undefined],
    ['2001:db8::7', '2001:db8::7', undefined],
    ['fe80::1%eth0', 'fe80::1', undefined],
    ['10.1.2.3:443', '10.1.2.3', undefined],
    ['[2001:DB8::7]:443', '2001:db8::7', undefined],
    ['203.0.113.7, 10.0.0.1', '', '203.0.113.7, 10.0.0.1'],
    ['/run/gateway.sock', '', '/run/gateway.sock'],
    ['', '10.1.2.3', undefined],
  ])('from %j keeps the address, as one or as what it is', async (ipAddress, expected, attribute) => {
    const trail = await trailTo(await auditAddress());
    await db.transaction((tx) =>
      trail.record(tx, SOURCE, { type: 'session.created', status: 'success', origin: { ipAddress } }),
    );
    await waitFor(() => received.length === 1);
    expect([received[0]?.ipAddress, received[0]?.attributes.ip_address]).toEqual([expected, attribute]);
  });

  it('of a peer whose name is too long, or of an end user without a proper id, still says who it was', async () => {
    const trail = await trailTo(await auditAddress());
    const peer = { name: `app/${'long'.repeat(100)}`, address: '' };
    await db.transaction((tx) =>
      trail.record(
        tx,
        { ...SOURCE, peer, requestId: 'no id' },
        { type: 'a.b', status: 'denied', userId: 'alice@example.com', attributes: { reason: 'cut\0off' } },
      ),
    );
    await waitFor(() => received.length === 1);
    expect(received[0]).toMatchObject({
      actor: `peer:${peer.name}`.slice(0, 128),
      peer: peer.name.slice(0, 128),
      ipAddress: '',
      userId: '',
      attributes: { reason: 'cut\u{fffd}off', user_id: 'alice@example.com', request_id: 'no id' },
    });
  });

  it('with more attributes than fit says how many were left out', async () => {
    const trail = await trailTo(await auditAddress());
    const attributes = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key_${index}`, 'x']));
    await db.transaction((tx) => trail.record(tx, SOURCE, { type: 'a.b', status: 'success', attributes }));
    await waitFor(() => received.length === 1);
    expect(Object.keys(received[0]?.attributes ?? {})).toHaveLength(32);
    expect(received[0]?.attributes).toMatchObject({ key_0: 'x', key_30: 'x', attributes_left_out: '9' });
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
