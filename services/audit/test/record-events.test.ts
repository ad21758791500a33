import { isFailure } from '@gatehouse/failure';
import { uuidv7 } from '@gatehouse/process';
import { AuditServiceService, type Event, EventStatus } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import type { Client } from '@gatehouse/rpc';
import { startTestService, type TestService, waitFor } from '@gatehouse/testing';
import { query, run, withDatabase } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as main from '../src/main.ts';
import { event, eventsFrom, idAt, monthStart, partition } from './events.ts';

type Audit = Client<typeof AuditServiceService>;

let service: TestService;
let session: Audit;
let operator: Audit;

beforeAll(async () => {
  service = await startTestService({ name: 'audit', main });
  session = service.connectAs('session', AuditServiceService);
  operator = service.connectAs('operator/test', AuditServiceService);
});
afterAll(() => service.stop());

describe('a batch of events', () => {
  it('is recorded whole, with everything that each event says', async () => {
    const told = [
      event(),
      event({
        eventStatus: EventStatus.EVENT_STATUS_DENIED,
        eventDescription: '',
        actor: 'peer:app/orders',
        ipAddress: '2001:db8::1',
        userAgent: '',
        traceId: '',
        userId: '',
        sessionId: '',
        attributes: {},
      }),
      event({ eventStatus: EventStatus.EVENT_STATUS_FAILURE, ipAddress: '' }),
    ];
    await expect(session.recordEvents({ events: told })).resolves.toEqual({ recordedCount: 3 });
    expect(await recorded(told)).toEqual(byId(told));
  });

  it('keeps times to the millisecond', async () => {
    const base = Date.now() - (Date.now() % 1000);
    const told = [0, 1, 7, 999].map((ms) => event({ occurredAt: new Date(base + ms) }));
    await session.recordEvents({ events: told });
    expect((await recorded(told)).map(({ occurredAt }) => occurredAt?.getTime())).toEqual(
      [0, 1, 7, 999].map((ms) => base + ms),
    );
  });

  it('may be as large as the contract allows', async () => {
    const told = eventsFrom(new Date(), 1000);
    await expect(session.recordEvents({ events: told })).resolves.toEqual({ recordedCount: 1000 });
    expect(await countOf(told)).toBe(1000);
  });

  it('lands once however often it is sent', async () => {
    const told = eventsFrom(new Date(), 50);
    expect((await session.recordEvents({ events: told })).recordedCount).toBe(50);
    expect((await session.recordEvents({ events: told })).recordedCount).toBe(0);
    expect(await countOf(told)).toBe(50);
  });

  it('lands once when it is sent ten times at once, in any order', async () => {
    const told = eventsFrom(new Date(), 1000);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        session.recordEvents({ events: index % 2 === 0 ? told : told.toReversed() }),
      ),
    );
    expect(answers.reduce((sum, { recordedCount }) => sum + recordedCount, 0)).toBe(1000);
    expect(await countOf(told)).toBe(1000);
  });

  it('waits for another one with the same events, and never the two for each other', async () => {
    const retries = 'gatehouse_postgres_retries_total{service="audit"}';
    const before = (await metrics()).get(retries);
    const told = eventsFrom(new Date(), 3);
    const answers: ReturnType<Audit['recordEvents']>[] = [];
    // While a stranger holds the event in the middle, both batches have begun, and neither can end.
    await withDatabase(service.database.adminUrl, (db) =>
      db.transaction(async (tx) => {
        await run(
          tx,
          `insert into audit.security_audit_log (id, occurred_at, event_type, event_status, request_id, service, actor,
             peer) values ($1::uuid, $2::timestamptz, 'a.b', 'success', $1::uuid, 's', 'a', 'p')`,
          [told[1]?.eventId, told[1]?.occurredAt],
        );
        answers.push(session.recordEvents({ events: told }));
        await waitFor(async () => (await waitingBackends()).length === 1);
        answers.push(session.recordEvents({ events: told.toReversed() }));
        await waitFor(async () => (await waitingBackends()).length === 2);
        throw new Error('the stranger gives up');
      }),
    ).catch(() => {});
    expect((await Promise.all(answers)).map(({ recordedCount }) => recordedCount)).toEqual([3, 0]);
    expect(before).toBeDefined();
    expect((await metrics()).get(retries)).toBe(before);
  });

  it('counts only the events that are new, and leaves the others as they are', async () => {
    const [known, fresh] = [event(), event()];
    await session.recordEvents({ events: [known] });
    const changed = { ...known, eventDescription: 'Something else.' };
    expect((await session.recordEvents({ events: [changed, fresh, fresh] })).recordedCount).toBe(1);
    expect(await recorded([known, fresh])).toEqual(byId([known, fresh]));
  });

  it('keeps attributes whatever their names, "__proto__" among them', async () => {
    const attributes = JSON.parse(
      '{"__proto__":"kept","constructor":"a","toString":"b","":"empty key","ü 🙂":"\\"q\\" \\\\ {},","none":""}',
    ) as Record<string, string>;
    const told = event({ attributes });
    await session.recordEvents({ events: [event(), told, event()] });
    const [row] = await query<{ attributes: Record<string, string> }>(
      service.database.adminUrl,
      'select attributes from audit.security_audit_log where id = $1::uuid',
      [told.eventId],
    );
    expect(Object.entries(row?.attributes ?? {}).sort()).toEqual(Object.entries(attributes).sort());
  });

  it.each(['::ffff:192.0.2.1', '::192.0.2.1', 'fe80::', '1:2:3:4:5:6:7::', '1:2:3:4:5:6:192.0.2.1', '::'])(
    'takes the address %s',
    async (ipAddress) => {
      expect((await session.recordEvents({ events: [event({ ipAddress })] })).recordedCount).toBe(1);
    },
  );

  it('is taken for last month and up to a day ahead, at the edges of the months too', async () => {
    const told = [
      event({ occurredAt: monthStart(-1) }),
      event({ occurredAt: new Date(monthStart(0).getTime() - 1) }),
      event({ occurredAt: monthStart(0) }),
      event({ occurredAt: new Date(Date.now() + 86_000_000) }),
    ];
    await expect(session.recordEvents({ events: told })).resolves.toEqual({ recordedCount: 4 });
    expect(await recorded(told)).toEqual(byId(told));
  });
});

describe('a batch is refused whole', () => {
  it('with SERVICE_MISMATCH when an event is of another service than the peer that sends it', async () => {
    const told = [event(), event({ service: 'identity' })];
    const failure = await refusalOf(session.recordEvents({ events: told }));
    expect(failure).toMatchObject({ kind: 'denied', reason: 'SERVICE_MISMATCH' });
    expect(failure.fields).toMatchObject([{ field: 'events[1].service' }]);
    expect(await countOf(told)).toBe(0);
  });

  it.each([
    ['more than a day in the future', () => event({ occurredAt: new Date(Date.now() + 86_460_000) })],
    ['before the oldest month', () => event({ occurredAt: new Date(monthStart(-1).getTime() - 1) })],
    ['of another time than its id', () => event({ eventId: idAt(new Date(Date.now() - 5_000)) })],
    ['with an id that holds no time', () => event({ eventId: crypto.randomUUID() })],
    ['before 1970', () => event({ occurredAt: new Date(-1), eventId: uuidv7() })],
  ])('with EVENT_TIME_OUT_OF_RANGE for an event %s', async (_, make) => {
    const told = [event(), make()];
    const failure = await refusalOf(session.recordEvents({ events: told }));
    expect(failure).toMatchObject({ kind: 'invalid', reason: 'EVENT_TIME_OUT_OF_RANGE' });
    expect(failure.fields).toMatchObject([{ field: 'events[1].occurred_at' }]);
    expect(await countOf(told)).toBe(0);
  });

  it('with every field that breaks its limit', async () => {
    const wrong = event({
      eventId: 'x',
      service: 'Session',
      eventType: 'created',
      eventStatus: EventStatus.EVENT_STATUS_UNSPECIFIED,
      actor: '',
      ipAddress: 'localhost',
      userAgent: 'x'.repeat(513),
      requestId: '',
      traceId: 'ABC',
      attributes: { ['k'.repeat(65)]: 'v' },
    });
    const failure = await refusalOf(session.recordEvents({ events: [event(), { ...wrong, occurredAt: undefined }] }));
    expect(failure).toMatchObject({ kind: 'invalid', reason: 'FIELD_INVALID' });
    expect(failure.fields.map(({ field }) => field)).toEqual([
      'events[1].event_id',
      'events[1].occurred_at',
      'events[1].service',
      'events[1].event_type',
      'events[1].event_status',
      'events[1].actor',
      'events[1].ip_address',
      'events[1].user_agent',
      'events[1].request_id',
      'events[1].trace_id',
      'events[1].attributes[0].key',
    ]);
  });

  it('with every text that holds U+0000, which Postgres has none for', async () => {
    const told = event({ eventDescription: '\0', userAgent: 'a\0b', attributes: { 'k\0': '\0v' } });
    const failure = await refusalOf(session.recordEvents({ events: [told] }));
    expect(failure.reason).toBe('FIELD_INVALID');
    expect(failure.fields.map(({ field }) => field)).toEqual([
      'events[0].event_description',
      'events[0].user_agent',
      'events[0].attributes[0].key',
      'events[0].attributes[0].value',
    ]);
  });

  it.each([0, 1001])('when it has %d events', async (count) => {
    const failure = await refusalOf(session.recordEvents({ events: eventsFrom(new Date(), count) }));
    expect(failure).toMatchObject({ kind: 'invalid', reason: 'FIELD_INVALID' });
    expect(failure.fields.map(({ field }) => field)).toEqual(['events']);
  });

  it('when it has more than four mebibytes', async () => {
    const attributes = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`k${index}`, 'v'.repeat(512)]));
    const failure = await refusalOf(session.recordEvents({ events: eventsFrom(new Date(), 300, { attributes }) }));
    expect(failure.kind).toBe('limited');
  });

  it.each(['app/orders', 'edge/envoy', 'operator/test', 'audit'])('when %s sends it', async (peer) => {
    const told = [event({ service: 'audit' })];
    const failure = await refusalOf(service.connectAs(peer, AuditServiceService).recordEvents({ events: told }));
    expect(failure).toMatchObject({ kind: 'denied', reason: 'PEER_NOT_ALLOWED' });
    expect(await countOf(told)).toBe(0);
  });
});

describe('each service that leaves a trail', () => {
  it.each(['identity', 'session', 'authz', 'ops'])('%s may record its own events', async (peer) => {
    const client = service.connectAs(peer, AuditServiceService);
    expect((await client.recordEvents({ events: [event({ service: peer })] })).recordedCount).toBe(1);
  });
});

describe('a batch that is cut off in the middle leaves nothing, and can be sent again', () => {
  // The events of last month are in when the insert meets the lock on the partition of this month.
  const batch = () => [...eventsFrom(monthStart(-1), 100), ...eventsFrom(new Date(), 100)];

  it('when the database ends its session', async () => {
    const told = batch();
    let answer: ReturnType<Audit['recordEvents']> | undefined;
    await whileThisMonthIsLocked(async () => {
      answer = session.recordEvents({ events: told });
      const [cut] = await waitFor(async () => someOf(await waitingBackends()));
      await query(service.database.adminUrl, 'select pg_terminate_backend($1::int)', [cut?.pid]);
      // The client tries again by itself, because the contract says that this does no harm.
      await waitFor(async () => (await waitingBackends()).some(({ pid }) => pid !== cut?.pid));
      expect(await countOf(told, partition(-1))).toBe(0);
    });
    await expect(answer).resolves.toEqual({ recordedCount: 200 });
    expect(await countOf(told)).toBe(200);
  });

  it('when the caller goes away', async () => {
    const told = batch();
    const caller = new AbortController();
    await whileThisMonthIsLocked(async () => {
      const failed = refusalOf(session.recordEvents({ events: told }, { signal: caller.signal }));
      await waitFor(async () => (await waitingBackends()).length > 0);
      caller.abort();
      expect(await failed).toMatchObject({ kind: 'cancelled' });
      await waitFor(async () => (await waitingBackends()).length === 0);
    });
    expect(await countOf(told)).toBe(0);
    expect((await session.recordEvents({ events: told })).recordedCount).toBe(200);
  });

  it('when its deadline passes', async () => {
    const told = batch();
    await whileThisMonthIsLocked(async () => {
      const failed = refusalOf(session.recordEvents({ events: told }, { deadlineMs: Date.now() + 300 }));
      expect(await failed).toMatchObject({ kind: 'deadline' });
      await waitFor(async () => (await waitingBackends()).length === 0);
    });
    expect(await countOf(told)).toBe(0);
    expect((await session.recordEvents({ events: told })).recordedCount).toBe(200);
  });

  async function whileThisMonthIsLocked(work: () => Promise<void>): Promise<void> {
    await withDatabase(service.database.adminUrl, (db) =>
      db.transaction(async (tx) => {
        await run(tx, `lock table ${partition(0)} in access exclusive mode`);
        await work();
      }),
    );
  }
});

describe('metrics', () => {
  it('count what was recorded, what was there already and what was refused', async () => {
    const before = await metrics();
    const told = [event({ service: 'authz' }), event({ service: 'authz' })];
    const authz = service.connectAs('authz', AuditServiceService);
    await authz.recordEvents({ events: told });
    await authz.recordEvents({ events: [...told, event({ service: 'authz' })] });
    await refusalOf(authz.recordEvents({ events: [event({ service: 'ops' }), event(), told[0] as Event] }));
    const after = await metrics();
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    const labels = 'sender="authz",service="audit"';
    expect(grown(`audit_events_recorded_total{${labels}}`)).toBe(3);
    expect(grown(`audit_events_duplicates_total{${labels}}`)).toBe(2);
    expect(grown('audit_events_refused_total{sender="authz",reason="SERVICE_MISMATCH",service="audit"}')).toBe(2);
  });
});

async function metrics(): Promise<Map<string, number>> {
  const text = await (await fetch(`${service.adminUrl}/metrics`, { headers: { connection: 'close' } })).text();
  return new Map(
    text.split('\n').map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** The sessions of the service that wait for a lock. */
function waitingBackends(): Promise<{ pid: number }[]> {
  return query(
    service.database.adminUrl,
    `select pid from pg_stat_activity
     where application_name = 'gatehouse-audit' and datname = current_database() and wait_event_type = 'Lock'`,
  );
}

function byId(events: readonly Event[]): Event[] {
  return events.toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1));
}

/** The events with the same ids that the service lists. */
async function recorded(told: readonly Event[]): Promise<Event[]> {
  const lists = await Promise.all(told.map(({ requestId }) => operator.listEvents(request({ requestId }))));
  return byId(lists.flatMap(({ events }) => events));
}

function request({ requestId }: { requestId: string }) {
  return {
    requestId,
    userId: '',
    eventTypes: [],
    occurredFrom: undefined,
    occurredBefore: undefined,
    pageSize: 0,
    pageToken: '',
  };
}

function someOf<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length > 0 ? items : undefined;
}

/** Counts the events with the same ids in the whole log, or in one partition of it. */
async function countOf(told: readonly Event[], table = 'audit.security_audit_log'): Promise<number> {
  const [row] = await query<{ count: number }>(
    service.database.adminUrl,
    `select count(*)::int as count from ${table} where id = any($1::uuid[])`,
    [told.map(({ eventId }) => eventId)],
  );
  return row?.count ?? -1;
}

async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isFailure(error)) throw new Error(`The call was not refused as it should be: ${String(error)}`);
  return error;
}
