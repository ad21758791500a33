import { randomUUID } from 'node:crypto';
import { type Failure, isFailure } from '@gatehouse/failure';
import { EventStatus } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { IdentityServiceService, type RegisterUserRequest } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import { outboxEvents, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, PASSWORD, patient, registration, startFixture } from './fixture.ts';

// Passwords are hashed by the dozen, which takes a while on a busy machine.
let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture?.stop());

const usersOf = (email: string, { rows } = fixture) =>
  rows<Record<string, unknown> & { id: string }>('select * from identity.users where email = $1', [email]);
/** Rows that belong to no user, in any of the tables. */
const orphans = ({ rows } = fixture) =>
  rows(`select user_id from (
          select user_id from identity.email_lookup union all select user_id from identity.username_lookup
          union all select user_id from identity.password_history) names
        where not exists (select from identity.users where id = user_id)`);

describe('a new account', () => {
  it('is stored under its address and its name, which are unique without regard to case', async () => {
    const { user } = await fixture.app.registerUser(registration('Ada@Example.com', { username: 'CountessAda' }));
    expect(user).toEqual({
      userId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      email: 'ada@example.com',
      username: 'CountessAda',
      emailVerified: false,
      isActive: true,
      createdAt: expect.any(Date),
    });
    const [row] = await usersOf('ada@example.com');
    expect(row).toMatchObject({
      id: user?.userId,
      username: 'CountessAda',
      phone_number: null,
      failed_login_attempts: 0,
      last_login_at: null,
      profile: {},
      created_at: user?.createdAt,
    });
    expect(await fixture.rows('select * from identity.email_lookup where user_id = $1', [row?.id])).toEqual([
      { email: 'ada@example.com', user_id: row?.id },
    ]);
    expect(await fixture.rows('select * from identity.username_lookup where user_id = $1', [row?.id])).toEqual([
      { username: 'countessada', user_id: row?.id },
    ]);
  });

  it('keeps the password only as an argon2id hash, which begins the history of its passwords', async () => {
    await fixture.app.registerUser(registration('hash@example.com'));
    const [row] = await usersOf('hash@example.com');
    expect(row?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$/);
    expect(
      await fixture.rows('select password_hash from identity.password_history where user_id = $1', [row?.id]),
    ).toEqual([{ password_hash: row?.password_hash }]);
  });

  it('needs no name', async () => {
    const { user } = await fixture.app.registerUser(registration('nameless@example.com'));
    expect(user?.username).toBe('');
    expect(await usersOf('nameless@example.com')).toEqual([expect.objectContaining({ username: null })]);
  });

  it('leaves an audit event that says who, from where and in which request', async () => {
    const requestId = randomUUID();
    const { user } = await fixture.app.registerUser(registration('audited@example.com', { ipAddress: '203.0.113.7' }), {
      requestId,
    });
    const events = (await outboxEvents(fixture.service)).filter((event) => event.requestId === requestId);
    expect(events).toEqual([
      expect.objectContaining({
        eventType: 'user.registered',
        eventStatus: EventStatus.EVENT_STATUS_SUCCESS,
        service: 'identity',
        actor: 'peer:app/test',
        peer: 'app/test',
        ipAddress: '203.0.113.7',
        userAgent: 'Test/1.0',
        userId: user?.userId,
      }),
    ]);
  });
});

describe('a registration is refused', () => {
  it('when the address is taken, in whatever case, whatever the name', async () => {
    await fixture.app.registerUser(registration('taken@example.com', { username: 'taken-name' }));
    for (const username of ['', 'another-name', 'TAKEN-NAME']) {
      const refused = fixture.app.registerUser(registration('TAKEN@example.com', { username }));
      await expect(refused).rejects.toMatchObject({ kind: 'taken', reason: 'EMAIL_TAKEN' });
    }
    expect(await usersOf('taken@example.com')).toHaveLength(1);
    expect(await orphans()).toEqual([]);
  });

  it('when the name is taken, and the address stays free', async () => {
    await fixture.app.registerUser(registration('first@example.com', { username: 'The.Name' }));
    const refused = fixture.app.registerUser(registration('second@example.com', { username: 'the.name' }));
    await expect(refused).rejects.toMatchObject({ kind: 'taken', reason: 'USERNAME_TAKEN' });
    expect(await orphans()).toEqual([]);
    await fixture.app.registerUser(registration('second@example.com'));
  });

  it('when the password is weak, with every rule that it breaks', async () => {
    const weak = registration('weak@example.com', { username: 'qwerty', password: 'qwertyWEAK' });
    const error = await fixture.app.registerUser(weak).catch((failure: unknown) => failure);
    expect(error).toMatchObject({
      kind: 'invalid',
      reason: 'PASSWORD_TOO_WEAK',
      metadata: { rules: 'TOO_SHORT,CONTAINS_EMAIL,CONTAINS_USERNAME' },
    });
    expect((error as Failure).fields.map(({ field, description }) => `${field} ${description}`)).toEqual([
      expect.stringMatching(/^password TOO_SHORT: /),
      expect.stringMatching(/^password CONTAINS_EMAIL: /),
      expect.stringMatching(/^password CONTAINS_USERNAME: /),
    ]);
    expect(await usersOf('weak@example.com')).toEqual([]);
    expect(await orphans()).toEqual([]);
  });

  it.each([
    ['email', registration('')],
    ['email', registration('no-address')],
    ['password', registration('fields@example.com', { password: '' })],
    ['password', registration('fields@example.com', { password: 'x7'.repeat(129) })],
    ['password', registration('fields@example.com', { password: `${PASSWORD}\n` })],
    ['username', registration('fields@example.com', { username: 'a b' })],
    ['origin.ip_address', registration('fields@example.com', { ipAddress: 'localhost' })],
  ])('when %s is not valid, which is named', async (field, request) => {
    const error = await fixture.app.registerUser(request).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ kind: 'invalid', reason: 'FIELD_INVALID' });
    expect((error as Failure).fields.map((violation) => violation.field)).toEqual([field]);
  });

  it('when the password is not UTF-8, so that no two of different bytes are the same', async () => {
    const mark = '@@@@';
    const inLatin1 = {
      ...IdentityServiceService.registerUser,
      requestSerialize(request: RegisterUserRequest) {
        const bytes = IdentityServiceService.registerUser.requestSerialize(request);
        bytes.write('äöüß', bytes.indexOf(mark), 'latin1');
        return bytes;
      },
    };
    const client = fixture.service.connectAs('app/latin', { registerUser: inLatin1 });
    const register = client.registerUser(registration('latin@example.com', { password: `${PASSWORD}${mark}` }));
    await expect(register).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [{ field: 'password', description: 'UTF8: must be UTF-8' }],
    });
    expect(await usersOf('latin@example.com')).toEqual([]);
  });

  it.each(['edge/envoy', 'session', 'authz'])('when %s asks for it', async (peer) => {
    const client = fixture.service.connectAs(peer, IdentityServiceService);
    const refused = client.registerUser(registration('peer@example.com'));
    await expect(refused).rejects.toMatchObject({ kind: 'denied', reason: 'PEER_NOT_ALLOWED' });
  });

  it('and is recorded with its reason, but without what was typed', async () => {
    await fixture.app.registerUser(registration('witness@example.com'));
    const requestId = randomUUID();
    const password = 'Witness-secret-7';
    const attempts = [registration('witness@example.com'), registration('witness@example.com', { password })];
    for (const attempt of attempts) {
      await expect(fixture.app.registerUser(attempt, { requestId })).rejects.toThrow();
    }
    const events = await waitFor(async () => {
      const found = (await outboxEvents(fixture.service)).filter((event) => event.requestId === requestId);
      return found.length === attempts.length ? found : undefined;
    });
    expect(events.map(({ eventType, eventStatus, attributes }) => ({ eventType, eventStatus, attributes }))).toEqual([
      {
        eventType: 'user.registration_refused',
        eventStatus: EventStatus.EVENT_STATUS_DENIED,
        attributes: { reason: 'EMAIL_TAKEN' },
      },
      {
        eventType: 'user.registration_refused',
        eventStatus: EventStatus.EVENT_STATUS_DENIED,
        attributes: { reason: 'PASSWORD_TOO_WEAK', rules: 'CONTAINS_EMAIL' },
      },
    ]);
    expect(JSON.stringify(events)).not.toMatch(/witness@|secret|vetch/i);
    expect(await fixture.metric('identity_registrations_refused_total', 'EMAIL_TAKEN')).toBeGreaterThan(0);
  });
});

it('lets an operator register users', async () => {
  const operator = fixture.service.connectAs('operator/test', IdentityServiceService);
  const { user } = await operator.registerUser(registration('by-operator@example.com'));
  expect(user?.email).toBe('by-operator@example.com');
});

describe('of twenty registrations at once', () => {
  it('one gets the address', async () => {
    const attempts = Array.from({ length: 20 }, (_, index) =>
      fixture.app.registerUser(registration('race@example.com', { username: `racer-${index}` }), patient()),
    );
    expect(reasonsOf(await Promise.allSettled(attempts))).toEqual({ created: 1, EMAIL_TAKEN: 19 });
    expect(await usersOf('race@example.com')).toHaveLength(1);
    expect(await fixture.rows(`select from identity.username_lookup where username like 'racer-%'`)).toHaveLength(1);
    expect(await orphans()).toEqual([]);
  });

  it('one gets the name', async () => {
    const attempts = Array.from({ length: 20 }, (_, index) =>
      fixture.app.registerUser(registration(`name-race-${index}@example.com`, { username: 'the-only-one' }), patient()),
    );
    expect(reasonsOf(await Promise.allSettled(attempts))).toEqual({ created: 1, USERNAME_TAKEN: 19 });
    expect(await fixture.rows(`select from identity.email_lookup where email like 'name-race-%'`)).toHaveLength(1);
    expect(await orphans()).toEqual([]);
  });
});

describe('with room for one hash and eight that wait', () => {
  let narrow: Fixture;

  beforeAll(async () => {
    narrow = await startFixture({
      env: { GATEHOUSE_IDENTITY_HASH_CONCURRENCY: '1', GATEHOUSE_IDENTITY_HASH_QUEUE: '8' },
    });
  });
  afterAll(() => narrow?.stop());

  it('turns away whom it has no room for, with the time to come back, and serves the others', async () => {
    const attempts = Array.from({ length: 30 }, (_, index) =>
      narrow.app.registerUser(registration(`narrow-${index}@example.com`), patient()),
    );
    const results = await Promise.allSettled(attempts);
    const { created = 0, HASHING_BUSY: busy = 0 } = reasonsOf(results);
    expect(created + busy).toBe(30);
    expect(created).toBeGreaterThanOrEqual(9);
    expect(busy).toBeGreaterThan(0);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ kind: 'limited', retryAfterMs: 450 });
    }
    expect(await narrow.rows('select from identity.users')).toHaveLength(created);
    await narrow.app.registerUser(registration('afterwards@example.com'));
    expect(await orphans(narrow)).toEqual([]);
  });

  it('stores nothing for a caller that goes away while it waits', async () => {
    const caller = new AbortController();
    const before = Array.from({ length: 7 }, (_, index) =>
      narrow.app.registerUser(registration(`stays-${index}@example.com`)),
    );
    const leaving = narrow.app.registerUser(registration('leaves@example.com'), { signal: caller.signal });
    await waitFor(() => narrow.metric('identity_password_hashing_waiting'), { everyMs: 1 });
    caller.abort();
    await expect(leaving).rejects.toMatchObject({ kind: 'cancelled' });
    await Promise.all(before);
    await narrow.app.registerUser(registration('next@example.com'));
    expect(await usersOf('leaves@example.com', narrow)).toEqual([]);
  });
});

it('answers UNAVAILABLE while Postgres is out of reach', async () => {
  const cutOff = await startFixture({
    database: fixture.service.database,
    env: { GATEHOUSE_IDENTITY_POSTGRES_URL: 'postgres://gatehouse_identity:x@127.0.0.1:1/gatehouse' },
  });
  try {
    const refused = cutOff.app.registerUser(registration('cut-off@example.com'));
    await expect(refused).rejects.toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' });
  } finally {
    await cutOff.stop();
  }
});

function reasonsOf(results: readonly PromiseSettledResult<unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const result of results) {
    const reason =
      result.status === 'fulfilled' ? 'created' : isFailure(result.reason) ? result.reason.reason : 'error';
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}
