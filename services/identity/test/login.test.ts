import { randomUUID } from 'node:crypto';
import { Failure, isFailure } from '@gatehouse/failure';
import { EventStatus } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { IdentityServiceService } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import {
  type CreateSessionRequest,
  Freshness,
  RevokedReason,
  SessionServiceService,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Call, type Handlers, mount } from '@gatehouse/rpc';
import * as session from '@gatehouse/session-service';
import { outboxEvents, startStandIn, startTestService, type TestService, waitFor } from '@gatehouse/testing';
import { argon2id, hash } from 'argon2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, originOf, PASSWORD, patient, registration, rowsOf, startFixture } from './fixture.ts';

// Passwords are hashed by the dozen, which takes a while on a busy machine.
let sessions: TestService;
let fixture: Fixture;

beforeAll(async () => {
  sessions = await startTestService({ name: 'session', main: session });
  fixture = await startFixture({ env: { GATEHOUSE_SESSION_ADDRESS: sessions.address } });
});
afterAll(async () => {
  await fixture?.stop();
  await sessions?.stop();
});

const byEmail = (email: string, password = PASSWORD, ipAddress = '') => ({
  account: { $case: 'email' as const, value: email },
  password,
  origin: originOf(ipAddress),
  withRefreshToken: false,
});

async function register(email: string, username = ''): Promise<string> {
  const { user } = await fixture.app.registerUser(registration(email, { username }));
  return user?.userId ?? '';
}

async function rowOf(email: string): Promise<Record<string, unknown>> {
  const [row] = await fixture.rows<Record<string, unknown>>('select * from identity.users where email = $1', [email]);
  return row ?? {};
}

async function eventsOf(requestId: string) {
  const events = await outboxEvents(fixture.service);
  return events.filter((event) => event.requestId === requestId && event.eventType.startsWith('login.'));
}

/** Statements of the service that wait for a lock. */
const WAITING = `select from pg_stat_activity
  where datname = current_database() and application_name = 'gatehouse-identity' and wait_event_type = 'Lock'`;

describe('a sign-in with the right password', () => {
  it('creates a session that the session service knows', async () => {
    const userId = await register('ada@example.com', 'CountessAda');
    const answer = await fixture.app.login(byEmail('ADA@example.com', PASSWORD, '203.0.113.7'));
    expect(answer.user).toMatchObject({ userId, email: 'ada@example.com', username: 'CountessAda', isActive: true });
    const { sessionToken } = answer;
    const validated = await sessions
      .connectAs('app/test', SessionServiceService)
      .validateSession({ sessionToken, freshness: Freshness.FRESHNESS_STRICT, consistencyToken: '' });
    expect(validated.session).toMatchObject({
      sessionId: answer.session?.sessionId,
      userId,
      authenticationMethods: ['pwd'],
      authenticationLevel: 1,
    });
    expect(answer.session?.origin).toMatchObject({ ipAddress: '203.0.113.7', userAgent: 'Test/1.0' });
  });

  it('hands on a refresh token to whoever asks for one, and none to others', async () => {
    await register('refreshing@example.com');
    const { refreshToken, refreshTokenExpiresAt } = await fixture.app.login({
      ...byEmail('refreshing@example.com'),
      withRefreshToken: true,
    });
    expect(refreshToken).toMatch(/^ghr_/);
    expect(refreshTokenExpiresAt).toBeInstanceOf(Date);
    expect(await fixture.app.login(byEmail('refreshing@example.com'))).toMatchObject({
      refreshToken: '',
      refreshTokenExpiresAt: undefined,
    });
  });

  it('may name the account by its username, in any case', async () => {
    const userId = await register('named@example.com', 'Named.User');
    const account = { $case: 'username' as const, value: 'NAMED.user' };
    const { user } = await fixture.app.login({
      account,
      password: PASSWORD,
      origin: undefined,
      withRefreshToken: false,
    });
    expect(user?.userId).toBe(userId);
  });

  it('takes the password however it was composed', async () => {
    await fixture.app.registerUser(registration('typed@example.com', { password: 'Die Br\u{fc}cke am Fluss 7' }));
    await fixture.app.login(byEmail('typed@example.com', 'Die\u{a0}Bru\u{308}cke am Fluss 7'));
  });

  it('is noted on the account, whose failed attempts are forgotten', async () => {
    await register('noted@example.com');
    await expect(fixture.app.login(byEmail('noted@example.com', 'wrong'))).rejects.toThrow();
    await expect(fixture.app.login(byEmail('noted@example.com', 'wrong'))).rejects.toThrow();
    expect(await rowOf('noted@example.com')).toMatchObject({ failed_login_attempts: 2, last_login_at: null });
    await fixture.app.login(byEmail('noted@example.com', PASSWORD, '2001:db8::7'));
    expect(await rowOf('noted@example.com')).toMatchObject({
      failed_login_attempts: 0,
      last_login_at: expect.any(Date),
      last_login_ip: '2001:db8::7',
    });
  });

  it('leaves an audit event that names the user and the session', async () => {
    const userId = await register('audited@example.com');
    const requestId = randomUUID();
    const { session: created } = await fixture.app.login(byEmail('audited@example.com'), { requestId });
    expect(await eventsOf(requestId)).toEqual([
      expect.objectContaining({
        eventType: 'login.succeeded',
        eventStatus: EventStatus.EVENT_STATUS_SUCCESS,
        actor: `user:${userId}`,
        peer: 'app/test',
        ipAddress: '127.0.0.1',
        userId,
        sessionId: created?.sessionId,
      }),
    ]);
  });

  it('renews a hash that was made with other parameters', async () => {
    const userId = await register('old@example.com');
    const old = await hash(PASSWORD, { type: argon2id, memoryCost: 8192, timeCost: 1, parallelism: 1 });
    await fixture.rows('update identity.users set password_hash = $2 where id = $1', [userId, old]);
    await fixture.app.login(byEmail('old@example.com'));
    const { password_hash: renewed } = await rowOf('old@example.com');
    expect(renewed).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$/);
    await fixture.app.login(byEmail('old@example.com'));
    expect(await rowOf('old@example.com')).toMatchObject({ password_hash: renewed });
  });

  it('succeeds as often as it comes at once, with a session for each', async () => {
    await register('parallel@example.com');
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => fixture.app.login(byEmail('parallel@example.com'), patient())),
    );
    expect(new Set(answers.map((answer) => answer.session?.sessionId)).size).toBe(10);
    expect(new Set(answers.map((answer) => answer.sessionToken)).size).toBe(10);
  });
});

describe('a sign-in that is refused', () => {
  const changes = {
    inactive: 'is_active = false',
    deleted: 'deleted_at = now()',
    locked: `locked_until = now() + interval '1 minute'`,
  };
  const userIds: Record<string, string> = {};

  beforeAll(async () => {
    for (const name of ['known', ...Object.keys(changes)]) userIds[name] = await register(`${name}@example.com`);
    for (const [name, change] of Object.entries(changes)) {
      await fixture.rows(`update identity.users set ${change} where id = $1`, [userIds[name]]);
    }
  });

  const attempts = [
    ['known@example.com', 'wrong', 'WRONG_PASSWORD'],
    ['unknown@example.com', PASSWORD, 'UNKNOWN_ACCOUNT'],
    ['inactive@example.com', PASSWORD, 'INACTIVE'],
    ['inactive@example.com', 'wrong', 'INACTIVE'],
    ['deleted@example.com', PASSWORD, 'INACTIVE'],
    ['locked@example.com', PASSWORD, 'INACTIVE'],
  ] as const;

  it('gets the same answer for every cause', async () => {
    for (const [email, password] of attempts) {
      const error = await fixture.app.login(byEmail(email, password)).catch((failure: unknown) => failure);
      expect(error).toMatchObject({
        kind: 'unauthenticated',
        reason: 'CREDENTIALS_INVALID',
        message: 'The account or the password is wrong.',
        metadata: {},
        fields: [],
      });
    }
  });

  it('does the same work for every cause: one verification and one commit', async () => {
    const commits = async () => {
      const [row] = await fixture.rows<{ events: bigint }>('select count(*) as events from identity.outbox');
      return Number(row?.events);
    };
    for (const [email, password] of attempts) {
      const before = [await fixture.metric('identity_password_verifications_total'), await commits()];
      await expect(fixture.app.login(byEmail(email, password))).rejects.toThrow();
      const after = [await fixture.metric('identity_password_verifications_total'), await commits()];
      expect(after).toEqual(before.map((count) => count + 1));
    }
  });

  it.each(attempts)('is recorded with its cause: %j with %j is %s', async (email, password, reason) => {
    const requestId = randomUUID();
    await expect(fixture.app.login(byEmail(email, password, '203.0.113.9'), { requestId })).rejects.toThrow();
    const events = await eventsOf(requestId);
    expect(events).toEqual([
      expect.objectContaining({
        eventType: 'login.failed',
        eventStatus: EventStatus.EVENT_STATUS_DENIED,
        actor: 'peer:app/test',
        peer: 'app/test',
        ipAddress: '203.0.113.9',
        userId: userIds[email.replace('@example.com', '')] ?? '',
        sessionId: '',
        attributes: { reason },
      }),
    ]);
    expect(JSON.stringify(events)).not.toMatch(/example\.com|vetch|"wrong"/);
  });

  it('counts wrong passwords of an account, also those that come at once', async () => {
    await register('counted@example.com');
    await Promise.allSettled(
      Array.from({ length: 8 }, () => fixture.app.login(byEmail('counted@example.com', 'wrong'), patient())),
    );
    expect(await rowOf('counted@example.com')).toMatchObject({ failed_login_attempts: 8, last_login_at: null });
    expect(await fixture.metric('identity_logins_failed_total', 'WRONG_PASSWORD')).toBeGreaterThanOrEqual(8);
  });

  it('goes on counting at the largest number', async () => {
    await register('stuck@example.com');
    await fixture.rows(
      `update identity.users set failed_login_attempts = 2147483647 where email = 'stuck@example.com'`,
    );
    await expect(fixture.app.login(byEmail('stuck@example.com', 'wrong'))).rejects.toMatchObject({
      reason: 'CREDENTIALS_INVALID',
    });
    expect(await rowOf('stuck@example.com')).toMatchObject({ failed_login_attempts: 2_147_483_647 });
  });
});

describe('a request that is not valid', () => {
  it.each([
    ['account', { ...byEmail('ada@example.com'), account: undefined }],
    ['email', byEmail('')],
    ['email', byEmail('a'.repeat(255))],
    ['password', byEmail('ada@example.com', '')],
    ['password', byEmail('ada@example.com', `${PASSWORD}\0`)],
    ['origin.ip_address', byEmail('ada@example.com', PASSWORD, '1.2.3')],
  ])('is refused with the name of the field: %s', async (field, request) => {
    const error = await fixture.app.login(request).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ kind: 'invalid', reason: 'FIELD_INVALID' });
    expect(isFailure(error) && error.fields.map((violation) => violation.field)).toEqual([field]);
  });

  it.each(['edge/envoy', 'session', 'ops'])('is refused when %s sends it', async (peer) => {
    const refused = fixture.service.connectAs(peer, IdentityServiceService).login(byEmail('ada@example.com'));
    await expect(refused).rejects.toMatchObject({ kind: 'denied', reason: 'PEER_NOT_ALLOWED' });
  });
});

describe('when the session service', () => {
  const opened: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.stop();
  });

  /** An identity service on the same database whose session service answers as it is told to. */
  async function withSessionService(createSession: Handlers<typeof SessionServiceService>['createSession']) {
    const definition = { createSession: SessionServiceService.createSession };
    const access = { createSession: { peers: ['identity'] } };
    const standIn = await startStandIn({
      name: 'session',
      services: [mount(definition, { createSession }, access)],
    });
    opened.push(standIn);
    return anotherIdentity({ GATEHOUSE_SESSION_ADDRESS: standIn.address });
  }

  async function anotherIdentity(env: Record<string, string>): Promise<Fixture> {
    const another = await startFixture({ env, database: fixture.service.database });
    opened.push(another);
    return another;
  }

  async function expectNoSuccess(email: string, requestId: string) {
    expect(await rowOf(email)).toMatchObject({ last_login_at: null });
    expect(await eventsOf(requestId)).toEqual([]);
  }

  it('is out of reach, answers UNAVAILABLE and records no success', async () => {
    await register('cut-off@example.com');
    const { app } = await anotherIdentity({});
    const requestId = randomUUID();
    const refused = app.login(byEmail('cut-off@example.com'), { requestId });
    await expect(refused).rejects.toMatchObject({ kind: 'unavailable', reason: 'PEER_UNAVAILABLE' });
    await expectNoSuccess('cut-off@example.com', requestId);
  });

  it('has lost its store, answers with its reason', async () => {
    await register('no-redis@example.com');
    const { app } = await withSessionService(async () => {
      throw new Failure('unavailable', 'REDIS_UNAVAILABLE', 'Redis is not available.');
    });
    const requestId = randomUUID();
    const refused = app.login(byEmail('no-redis@example.com'), { requestId });
    await expect(refused).rejects.toMatchObject({ kind: 'unavailable', reason: 'REDIS_UNAVAILABLE' });
    await expectNoSuccess('no-redis@example.com', requestId);
  });

  it('refuses identity, does not blame the caller', async () => {
    await register('misled@example.com');
    const { app } = await withSessionService(async () => {
      throw new Failure('denied', 'PEER_NOT_ALLOWED', 'The peer may not call CreateSession.');
    });
    const requestId = randomUUID();
    const refused = app.login(byEmail('misled@example.com'), { requestId });
    await expect(refused).rejects.toThrow('answered INTERNAL');
    await expectNoSuccess('misled@example.com', requestId);
  });

  it('is asked, learns who, how and from where, in which request and until when', async () => {
    const userId = await register('passed-on@example.com');
    const asked: { request: CreateSessionRequest; call: Call; leftMs: number }[] = [];
    const { app } = await withSessionService(async (request, call) => {
      asked.push({ request, call, leftMs: call.deadlineMs - Date.now() });
      throw new Failure('unavailable', 'POSTGRES_UNAVAILABLE', 'Postgres is not available.');
    });
    const requestId = randomUUID();
    const givenMs = 12_000;
    const deadlineMs = Date.now() + givenMs;
    await expect(app.login(byEmail('passed-on@example.com'), { requestId, deadlineMs })).rejects.toThrow();
    expect(asked).toHaveLength(1);
    expect(asked[0]?.request).toMatchObject({
      userId,
      authenticationMethods: ['pwd'],
      // The application gave no address, so that its own is the best that is known.
      origin: { ipAddress: '127.0.0.1', userAgent: 'Test/1.0' },
    });
    expect(asked[0]?.call.requestId).toBe(requestId);
    // A deadline travels as the time that is left; the client's own is 15 s.
    expect(asked[0]?.leftMs).toBeLessThanOrEqual(givenMs);
  });

  const newSession = (userId: string) => ({
    sessionToken: 'ghs_secret',
    session: {
      sessionId: randomUUID(),
      userId,
      authenticationMethods: ['pwd'],
      createdAt: new Date(),
      expiresAt: new Date(Date.now() + 60_000),
      origin: undefined,
      authenticationLevel: 1,
      idleTimeoutSeconds: 0,
      lastActivityAt: undefined,
      lastIpAddress: '',
      revokedAt: undefined,
      revokedReason: RevokedReason.REVOKED_REASON_UNSPECIFIED,
      authzToken: '',
    },
    refreshToken: '',
    refreshTokenExpiresAt: undefined,
    consistencyToken: '',
    revokedSessionIds: [],
  });

  it('creates a session of an account that is switched off meanwhile, hands out no token', async () => {
    const userId = await register('overtaken@example.com');
    const { app } = await withSessionService(async () => {
      await fixture.rows('update identity.users set is_active = false where id = $1', [userId]);
      return newSession(userId);
    });
    const requestId = randomUUID();
    const refused = app.login(byEmail('overtaken@example.com'), { requestId });
    await expect(refused).rejects.toMatchObject({ reason: 'CREDENTIALS_INVALID' });
    expect(await rowOf('overtaken@example.com')).toMatchObject({ last_login_at: null });
    expect(await eventsOf(requestId)).toEqual([
      expect.objectContaining({ eventType: 'login.failed', userId, attributes: { reason: 'INACTIVE' } }),
    ]);
  });

  it('creates a session that cannot be noted in time, hands out no token and records no success', async () => {
    const userId = await register('stalled@example.com');
    const created = Promise.withResolvers<void>();
    const { app } = await withSessionService(() => {
      created.resolve();
      return newSession(userId);
    });
    const requestId = randomUUID();
    await fixture.admin.transaction(async (tx) => {
      await rowsOf(tx, 'select id from identity.users where id = $1 for update', [userId]);
      const refused = app.login(byEmail('stalled@example.com'), { requestId, deadlineMs: Date.now() + 4_000 });
      await expect(refused).rejects.toMatchObject({ kind: 'deadline' });
      await created.promise;
      // The service may hear of the deadline after its caller does, and until then what it waits for must not come.
      await waitFor(async () => (await fixture.rows(WAITING)).length === 0);
    });
    await expectNoSuccess('stalled@example.com', requestId);
  });
});

it('turns sign-ins away when too many passwords wait, known accounts or not, and serves the others', async () => {
  const narrow = await startFixture({
    database: fixture.service.database,
    env: {
      GATEHOUSE_SESSION_ADDRESS: sessions.address,
      GATEHOUSE_IDENTITY_HASH_CONCURRENCY: '1',
      GATEHOUSE_IDENTITY_HASH_QUEUE: '2',
    },
  });
  try {
    await register('busy@example.com');
    const emails = Array.from({ length: 40 }, (_, index) =>
      index % 2 === 0 ? 'busy@example.com' : 'none@example.com',
    );
    const results = await Promise.allSettled(emails.map((email) => narrow.app.login(byEmail(email), patient())));
    const reasons = results.map((result) => (result.status === 'fulfilled' ? 'OK' : result.reason.reason));
    for (const [index, reason] of reasons.entries()) {
      expect(['HASHING_BUSY', index % 2 === 0 ? 'OK' : 'CREDENTIALS_INVALID']).toContain(reason);
    }
    expect(reasons.filter((reason) => reason !== 'HASHING_BUSY').length).toBeGreaterThanOrEqual(3);
    const busy = results.find((result) => result.status === 'rejected' && result.reason.reason === 'HASHING_BUSY');
    expect(busy).toMatchObject({ reason: { kind: 'limited', retryAfterMs: 150 } });
    await narrow.app.login(byEmail('busy@example.com'));
  } finally {
    await narrow.stop();
  }
});

it('answers UNAVAILABLE while Postgres is out of reach', async () => {
  const cutOff = await startFixture({
    database: fixture.service.database,
    env: { GATEHOUSE_IDENTITY_POSTGRES_URL: 'postgres://gatehouse_identity:x@127.0.0.1:1/gatehouse' },
  });
  try {
    const refused = cutOff.app.login(byEmail('ada@example.com'));
    await expect(refused).rejects.toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' });
  } finally {
    await cutOff.stop();
  }
});
