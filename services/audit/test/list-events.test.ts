import { Failure, isFailure } from '@gatehouse/failure';
import { uuidv7 } from '@gatehouse/process';
import {
  AuditServiceService,
  type Event,
  Event as EventMessage,
  type ListEventsRequest,
} from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { AuthzServiceService, Decision } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Client, mount } from '@gatehouse/rpc';
import { startStandIn, startTestService, type TestService, waitFor } from '@gatehouse/testing';
import { query, run, withDatabase } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as main from '../src/main.ts';
import { PAGE_BYTES_MAX } from '../src/wire/page.ts';
import { event, eventsFrom, idAt, monthStart, OTHER_USER_ID, SESSION_ID, USER_ID } from './events.ts';

type Audit = Client<typeof AuditServiceService>;

/** What the stand-ins recognise. */
const AUDITOR = 'token-of-an-auditor';
const READER = 'token-of-a-reader';

let service: TestService;
let session: Audit;
let operator: Audit;
let app: Audit;
const standIns: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  const [sessions, authz] = [await startSessions(), await startAuthz()];
  standIns.push(sessions, authz);
  service = await startTestService({
    name: 'audit',
    main,
    env: { GATEHOUSE_SESSION_ADDRESS: sessions.address, GATEHOUSE_AUTHZ_ADDRESS: authz.address },
  });
  session = service.connectAs('session', AuditServiceService);
  operator = service.connectAs('operator/test', AuditServiceService);
  app = service.connectAs('app/backoffice', AuditServiceService);
});
afterAll(async () => {
  await service.stop();
  for (const each of standIns) await each.stop();
});

describe('the list', () => {
  it('is in the order in which things happened, over months and services, whatever the order of recording', async () => {
    const userId = uuidv7();
    const told = [monthStart(-1), new Date(monthStart(0).getTime() - 1), monthStart(0), new Date()].map((occurredAt) =>
      event({ occurredAt, userId }),
    );
    for (const each of [2, 0, 3, 1]) await session.recordEvents({ events: [told[each] as Event] });
    expect(await listed({ userId })).toEqual(told);
  });

  it('keeps events of one millisecond in the order of their ids, whatever is asked for', async () => {
    const [userId, requestId, occurredAt] = [uuidv7(), uuidv7(), new Date(monthStart(0).getTime() + 500)];
    const eventTypes = ['order.kept', 'order.held'];
    const told = [5, 1, 4, 2, 3, 0].map((sequence) =>
      event({
        occurredAt,
        userId,
        requestId,
        eventId: idAt(occurredAt, sequence),
        eventType: eventTypes[sequence % 2] ?? '',
      }),
    );
    for (const each of told) await session.recordEvents({ events: [each] });
    const ids = told.map(({ eventId }) => eventId).sort();
    const time = { occurredFrom: occurredAt, occurredBefore: new Date(occurredAt.getTime() + 1) };
    for (const filter of [{ userId }, { requestId }, { eventTypes }, { userId, eventTypes }, time]) {
      expect((await listed(filter)).map(({ eventId }) => eventId)).toEqual(ids);
      expect((await paged({ ...filter, pageSize: 1 })).map(({ eventId }) => eventId)).toEqual(ids);
    }
  });

  it('tells every attribute, "__proto__" too', async () => {
    const attributes = JSON.parse('{"__proto__":"kept","a":"b"}') as Record<string, string>;
    const told = event({ attributes });
    await session.recordEvents({ events: [told] });
    const [found] = await listed({ requestId: told.requestId });
    expect(Object.entries(found?.attributes ?? {}).sort()).toEqual([
      ['__proto__', 'kept'],
      ['a', 'b'],
    ]);
  });
});

describe('a filter', () => {
  const requestId = uuidv7();
  const userId = uuidv7();
  const start = new Date(monthStart(0).getTime() + 1000);
  const at = (ms: number) => new Date(start.getTime() + ms);
  const told = [
    event({ occurredAt: at(0), userId, eventType: 'filter.made' }),
    event({ occurredAt: at(10), userId, requestId, eventType: 'filter.read' }),
    event({ occurredAt: at(20), userId: OTHER_USER_ID, requestId, eventType: 'filter.made' }),
    event({ occurredAt: at(30), userId: '', requestId, eventType: 'filter.lost' }),
    event({ occurredAt: at(40), userId, requestId, eventType: 'filter.lost' }),
  ];
  beforeAll(() => session.recordEvents({ events: told }));

  it.each<[string, Partial<ListEventsRequest>, number[]]>([
    ['of a user', { userId }, [0, 1, 4]],
    ['of a request', { requestId }, [1, 2, 3, 4]],
    ['of one type', { eventTypes: ['filter.made'] }, [0, 2]],
    ['of several types', { eventTypes: ['filter.made', 'filter.lost'] }, [0, 2, 3, 4]],
    ['of a type that never happened', { eventTypes: ['never.happened'] }, []],
    ['of a user and types', { userId, eventTypes: ['filter.read', 'filter.lost'] }, [1, 4]],
    ['of a request and a user', { requestId, userId }, [1, 4]],
    ['of a request and a type', { requestId, eventTypes: ['filter.lost'] }, [3, 4]],
    ['of a request, a user and a type', { requestId, userId, eventTypes: ['filter.lost'] }, [4]],
    ['of a time, whose end is outside', { occurredFrom: at(10), occurredBefore: at(30) }, [1, 2]],
    ['of a user and a time', { userId, occurredFrom: at(1), occurredBefore: at(40) }, [1]],
    ['of a type and a time', { eventTypes: ['filter.lost'], occurredFrom: at(31) }, [4]],
    ['of a request and a time', { requestId, occurredBefore: at(20) }, [1]],
    ['of no time at all', { userId, occurredFrom: at(30), occurredBefore: at(10) }, []],
    [
      'of all time',
      {
        userId,
        occurredFrom: new Date('0001-01-01T00:00:00Z'),
        occurredBefore: new Date('9999-12-31T23:59:59.999Z'),
      },
      [0, 1, 4],
    ],
  ])('finds the events %s', async (_, filter, expected) => {
    expect(await listed(filter)).toEqual(expected.map((index) => told[index]));
  });
});

describe('pages', () => {
  const userId = uuidv7();
  // Two events in each millisecond, so that pages end within one.
  const told = Array.from({ length: 250 }, (_, index) => {
    const occurredAt = new Date(monthStart(0).getTime() - 124 + Math.floor(index / 2) * 2);
    return event({ occurredAt, eventId: idAt(occurredAt, index), userId, eventType: 'page.turned' });
  });
  beforeAll(() => session.recordEvents({ events: told }));

  it('hold a hundred events if nothing else is asked for', async () => {
    const { events, nextPageToken } = await operator.listEvents(request({ userId }));
    expect(events).toEqual(told.slice(0, 100));
    expect(nextPageToken).not.toBe('');
  });

  it('hold a thousand at most', async () => {
    await expect(operator.listEvents(request({ pageSize: 1001 }))).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [{ field: 'page_size' }],
    });
  });

  it.each<[string, Partial<ListEventsRequest>]>([
    ['a user', { userId }],
    ['types', { eventTypes: ['page.turned', 'page.torn'] }],
    ['a user and types', { userId, eventTypes: ['page.turned'] }],
    ['a time', { occurredFrom: told[0]?.occurredAt, occurredBefore: new Date(monthStart(0).getTime() + 126) }],
  ])('that follow each other hold each event of %s once', async (_, filter) => {
    for (const pageSize of [7, 125, 250]) {
      expect((await paged({ ...filter, pageSize })).filter((each) => each.userId === userId)).toEqual(told);
    }
  });

  it('end with an empty token', async () => {
    const { events, nextPageToken } = await operator.listEvents(request({ userId, pageSize: 250 }));
    expect(events).toHaveLength(250);
    expect(nextPageToken).toBe('');
  });

  it('take up an event that is recorded while they are read', async () => {
    const reader = uuidv7();
    const [first, second, late] = eventsFrom(new Date(), 3, { userId: reader });
    await session.recordEvents({ events: [first, second] as Event[] });
    const page = await operator.listEvents(request({ userId: reader, pageSize: 1 }));
    await session.recordEvents({ events: [late as Event] });
    const rest = await operator.listEvents(request({ userId: reader, pageToken: page.nextPageToken }));
    expect(rest.events).toEqual([second, late]);
  });

  it('stay within what a client takes', async () => {
    const reader = uuidv7();
    const attributes = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`k${index}`, 'v'.repeat(512)]));
    const large = eventsFrom(new Date(), 300, { userId: reader, attributes });
    for (const from of [0, 100, 200]) await session.recordEvents({ events: large.slice(from, from + 100) });
    const { events, nextPageToken } = await operator.listEvents(request({ userId: reader, pageSize: 1000 }));
    expect(events.length).toBeGreaterThan(100);
    expect(events.length).toBeLessThan(300);
    expect(events.reduce((sum, each) => sum + EventMessage.encode(each).finish().length, 0)).toBeLessThan(
      PAGE_BYTES_MAX,
    );
    expect(nextPageToken).not.toBe('');
    expect(await paged({ userId: reader, pageSize: 1000 })).toEqual(large);
  });

  it('are refused with PAGE_TOKEN_INVALID for a token of other filters', async () => {
    const { nextPageToken: pageToken } = await operator.listEvents(request({ userId }));
    for (const other of [
      { userId: OTHER_USER_ID },
      { userId, requestId: uuidv7() },
      { userId, eventTypes: ['page.turned'] },
      { userId, occurredFrom: monthStart(-1) },
      { userId, occurredBefore: new Date() },
      {},
    ]) {
      await expect(operator.listEvents(request({ ...other, pageToken }))).rejects.toMatchObject({
        kind: 'invalid',
        reason: 'PAGE_TOKEN_INVALID',
      });
    }
  });

  it('accept a token with another page size, and with the same types in another order', async () => {
    const eventTypes = ['page.turned', 'page.torn'];
    const { nextPageToken: pageToken } = await operator.listEvents(request({ eventTypes, pageSize: 10 }));
    const { events } = await operator.listEvents(
      request({ eventTypes: eventTypes.toReversed(), pageSize: 5, pageToken }),
    );
    expect(events).toEqual(told.slice(10, 15));
  });

  it('are refused with PAGE_TOKEN_INVALID for a token that was changed', async () => {
    const { nextPageToken } = await operator.listEvents(request({ userId }));
    const cut = nextPageToken.slice(0, -1);
    for (const pageToken of ['x', '!', cut, `${nextPageToken}A`, `${nextPageToken}=`, ` ${nextPageToken}`, `B${cut}`]) {
      await expect(operator.listEvents(request({ userId, pageToken }))).rejects.toMatchObject({
        kind: 'invalid',
        reason: 'PAGE_TOKEN_INVALID',
      });
    }
  });
});

describe('the list may be asked for', () => {
  it('by an operator', async () => {
    await expect(operator.listEvents(request())).resolves.toBeDefined();
  });

  it('by an app, for a user who holds events:list', async () => {
    await expect(app.listEvents(request(), { sessionToken: AUDITOR })).resolves.toBeDefined();
  });

  it('by an app for no user who does not: PERMISSION_MISSING', async () => {
    await expect(app.listEvents(request(), { sessionToken: READER })).rejects.toMatchObject({
      kind: 'denied',
      reason: 'PERMISSION_MISSING',
      metadata: { permission: 'events:list' },
    });
  });

  it('by an app only with a session token: ACTING_USER_REQUIRED', async () => {
    await expect(app.listEvents(request())).rejects.toMatchObject({
      kind: 'unauthenticated',
      reason: 'ACTING_USER_REQUIRED',
    });
  });

  it('with no token that has expired', async () => {
    await expect(app.listEvents(request(), { sessionToken: 'expired' })).rejects.toMatchObject({
      kind: 'unauthenticated',
      reason: 'SESSION_EXPIRED',
    });
  });

  it.each(['session', 'identity', 'edge/envoy'])('not by %s: PEER_NOT_ALLOWED', async (peer) => {
    const client = service.connectAs(peer, AuditServiceService);
    await expect(client.listEvents(request(), { sessionToken: AUDITOR })).rejects.toMatchObject({
      kind: 'denied',
      reason: 'PEER_NOT_ALLOWED',
    });
  });
});

it('names every field of the request that breaks its limit', async () => {
  const failure = await operator
    .listEvents(
      request({ userId: 'x', requestId: 'X', eventTypes: ['a', 'a'], pageSize: 1001, pageToken: 'x'.repeat(513) }),
    )
    .catch((error: unknown) => error);
  if (!isFailure(failure, 'FIELD_INVALID')) throw failure;
  expect(failure.fields.map(({ field }) => field)).toEqual([
    'user_id',
    'request_id',
    'event_types',
    'page_size',
    'page_token',
  ]);
});

it('stops the query when the caller goes away', async () => {
  const caller = new AbortController();
  const pidsOf = () =>
    query<{ pid: number }>(
      service.database.adminUrl,
      `select pid from pg_stat_activity where application_name = 'gatehouse-audit' and datname = current_database()
         and wait_event_type = 'Lock'`,
    );
  await withDatabase(service.database.adminUrl, (db) =>
    db.transaction(async (tx) => {
      await run(tx, 'lock table audit.security_audit_log in access exclusive mode');
      const call = operator.listEvents(request(), { signal: caller.signal }).catch((error: unknown) => error);
      await waitFor(async () => (await pidsOf()).length > 0);
      caller.abort();
      expect(await call).toMatchObject({ kind: 'cancelled' });
      await waitFor(async () => (await pidsOf()).length === 0);
    }),
  );
});

function request(change: Partial<ListEventsRequest> = {}): ListEventsRequest {
  return {
    userId: '',
    requestId: '',
    eventTypes: [],
    occurredFrom: undefined,
    occurredBefore: undefined,
    pageSize: 0,
    pageToken: '',
    ...change,
  };
}

async function listed(change: Partial<ListEventsRequest>): Promise<Event[]> {
  return (await operator.listEvents(request(change))).events;
}

/** All events of a list, read page after page. */
async function paged(change: Partial<ListEventsRequest>): Promise<Event[]> {
  const all: Event[] = [];
  let pageToken = '';
  do {
    const page = await operator.listEvents(request({ ...change, pageToken }));
    if (change.pageSize) expect(page.events.length).toBeLessThanOrEqual(change.pageSize);
    all.push(...page.events);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}

function startSessions() {
  const owners = new Map([
    [AUDITOR, USER_ID],
    [READER, OTHER_USER_ID],
  ]);
  const validateSession = ({ sessionToken }: { readonly sessionToken: string }) => {
    const userId = owners.get(sessionToken);
    if (!userId) throw new Failure('unauthenticated', 'SESSION_EXPIRED', 'The session has expired.');
    const [createdAt, expiresAt] = [new Date(), new Date(Date.now() + 60_000)];
    const session = { sessionId: SESSION_ID, userId, createdAt, expiresAt };
    const rest = { authenticationMethods: [], authenticationLevel: 1, idleTimeoutSeconds: 0, origin: undefined };
    const revokedReason = RevokedReason.REVOKED_REASON_UNSPECIFIED;
    const unset = { lastActivityAt: undefined, lastIpAddress: '', revokedAt: undefined, revokedReason, authzToken: '' };
    return { session: { ...session, ...rest, ...unset } };
  };
  const definition = { validateSession: SessionServiceService.validateSession };
  const access = { validateSession: { peers: ['audit'] } };
  return startStandIn({ name: 'session', services: [mount(definition, { validateSession }, access)] });
}

function startAuthz() {
  const check = ({ userId, permission }: { readonly userId: string; readonly permission: string }) => {
    const isAllowed = userId === USER_ID && permission === 'events:list';
    return { decision: isAllowed ? Decision.DECISION_ALLOWED : Decision.DECISION_DENIED, undetermined: '' };
  };
  const access = { check: { peers: ['audit'] } };
  return startStandIn({
    name: 'authz',
    services: [mount({ check: AuthzServiceService.check }, { check }, access)],
  });
}
