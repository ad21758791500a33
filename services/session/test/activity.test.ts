import { randomUUID } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import type { Database } from '@gatehouse/postgres';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { Freshness, type Session } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { envoyCheckRequest, fakeClock, waitFor } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idleEndMs } from '../src/domain/idle.ts';
import { openActivity } from '../src/store/activity.ts';
import { REQUEST, STEADY, type StartedSession, startSession, untilSteady } from './harness.ts';

const { FRESHNESS_BOUNDED, FRESHNESS_STRICT } = Freshness;
const FLUSH_MS = 10;
const env = { GATEHOUSE_SESSION_ACTIVITY_FLUSH_MS: String(FLUSH_MS) };
const clock = fakeClock();
let rig: StartedSession;
let other: StartedSession;

beforeAll(async () => {
  rig = await startSession({ clock, env: { ...STEADY, ...env } });
  await untilSteady(rig);
  other = await startSession({
    clock,
    env,
    database: rig.service.database,
    redis: rig.service.redis,
    instance: 'other',
  });
});
afterAll(async () => {
  await other.stop();
  await rig.stop();
});

const rowOf = async ({ sessionId }: Pick<Session, 'sessionId'>, on = rig) => {
  const [row] = await query<{ last_activity_at: Date; last_ip_address: string | null; version: bigint }>(
    on.service.database.adminUrl,
    `select last_activity_at, host(last_ip_address) as last_ip_address, version from session.sessions where id = $1::uuid`,
    [sessionId],
  );
  return row;
};
const untilNoted = (session: Session, at: Date, on = rig) =>
  waitFor(async () => (await rowOf(session, on))?.last_activity_at.getTime() === at.getTime());
const create = async (idleTimeoutSeconds: number, on = rig) => {
  const { session, sessionToken } = await on.identity.createSession({
    ...REQUEST,
    userId: randomUUID(),
    idleTimeoutSeconds,
  });
  if (!session) throw new Error('No session came back.');
  return { session, sessionToken };
};
const checkAt = (sessionToken: string, on = rig) => on.checkHeaders({ authorization: `Bearer ${sessionToken}` });
const atTheEdge = async (sessionToken: string, on = rig) => {
  const { httpResponse } = await checkAt(sessionToken, on);
  if (httpResponse?.$case === 'deniedResponse') throw new Error(httpResponse.value.body);
};
/** Every way in which a session token is judged. */
const PATHS = [
  ['bounded', (token: string, on: StartedSession) => on.validate(token, FRESHNESS_BOUNDED)],
  ['strict', (token: string, on: StartedSession) => on.validate(token, FRESHNESS_STRICT)],
  ['the edge', (token: string, on: StartedSession) => atTheEdge(token, on)],
] as const;
/** How often each statement about sessions was run. */
const statementsOf = async (on = rig) => {
  const counts = (await on.metrics()).matchAll(/statement_seconds_count\{[^}]*statement="([^"]+)"[^}]*\} (\d+)/g);
  const named = [...counts].map(([, name = '', count]) => [name, Number(count)] as const);
  return Object.fromEntries(named.filter(([name]) => ABOUT_SESSIONS.test(name)));
};
/** Others run by themselves: relays, the sweep, the rotation of keys. */
const ABOUT_SESSIONS = /^session\.((insert|find|lock)-session|note-activity|revoke-sessions|hold-(?!outbox$).*)$/;

describe('the use of a session', () => {
  it('is noted behind, with the address that it was used from, and changes nothing else', async () => {
    const { session, sessionToken } = await rig.create();
    const before = await rowOf(session);
    clock.advance(60_000);
    await checkAt(sessionToken);
    await untilNoted(session, clock.now());
    expect(await rowOf(session)).toEqual({
      ...before,
      last_activity_at: clock.now(),
      last_ip_address: '198.51.100.23',
    });
    clock.advance(60_000);
    // Applications do not say where the user is: what is known stays.
    await rig.validate(sessionToken);
    await untilNoted(session, clock.now());
    expect((await rowOf(session))?.last_ip_address).toBe('198.51.100.23');
  });

  it('costs a validation from memory no statement', async () => {
    const { session, sessionToken } = await rig.create();
    await rig.validate(sessionToken);
    await waitFor(async () => (await rig.metrics()).includes('session_activity_waiting{service="session"} 0'));
    const before = await statementsOf();
    expect(Object.keys(before)).toContain('session.insert-session');
    for (let i = 0; i < 50; i++) await rig.validate(sessionToken);
    for (let i = 0; i < 50; i++) await checkAt(sessionToken);
    expect(await statementsOf()).toEqual(before);
    clock.advance(60_000);
    for (let i = 0; i < 50; i++) await rig.validate(sessionToken);
    await untilNoted(session, clock.now());
    const noted = (before['session.note-activity'] ?? 0) + 1;
    expect(await statementsOf()).toEqual({ ...before, 'session.note-activity': noted });
  });

  it('of many sessions is written by few statements', async () => {
    const made = await Promise.all(Array.from({ length: 40 }, () => rig.create()));
    clock.advance(60_000);
    const before = (await statementsOf())['session.note-activity'] ?? 0;
    await Promise.all(made.map(({ sessionToken }) => rig.validate(sessionToken)));
    for (const { session } of made) await untilNoted(session, clock.now());
    expect((await statementsOf())['session.note-activity']).toBeLessThan(before + 40);
  });

  it('is noted with the address in its one form', async () => {
    const [zoned, mapped] = [await rig.create(), await rig.create()];
    clock.advance(60_000);
    await rig.edge.check(fromAddress(zoned.sessionToken, 'fe80::1%eth0'));
    await rig.edge.check(fromAddress(mapped.sessionToken, '::FFFF:0a01:0203'));
    for (const { session } of [zoned, mapped]) await untilNoted(session, clock.now());
    expect((await rowOf(zoned.session))?.last_ip_address).toBe('fe80::1');
    expect((await rowOf(mapped.session))?.last_ip_address).toBe('10.1.2.3');
  });

  it('is not held up by an address that is none', async () => {
    const { session, sessionToken } = await rig.create();
    const stranger = await rig.create();
    clock.advance(60_000);
    await rig.edge.check(fromAddress(sessionToken, '/run/envoy.sock'));
    await rig.edge.check(fromAddress(stranger.sessionToken, '@unix'));
    for (const each of [session, stranger.session]) {
      await untilNoted(each, clock.now());
      expect((await rowOf(each))?.last_ip_address).toBe(REQUEST.origin.ipAddress);
    }
  });

  it('is written before the service has stopped', async () => {
    const slow = await startSession({
      clock,
      env: { GATEHOUSE_SESSION_ACTIVITY_FLUSH_MS: '60000' },
      database: rig.service.database,
    });
    const { session, sessionToken } = await slow.create();
    clock.advance(60_000);
    await slow.validate(sessionToken);
    expect((await rowOf(session))?.last_activity_at).not.toEqual(clock.now());
    await slow.stop();
    expect((await rowOf(session))?.last_activity_at).toEqual(clock.now());
  });
});

describe('a session with an idle timeout', () => {
  it.each(PATHS)('is refused once it was not used for too long, and not before: %s', async (_name, use) => {
    for (const on of [rig, other]) {
      const { session, sessionToken } = await create(600);
      await use(sessionToken, on);
      const endMs = idleEndMs(session.createdAt?.getTime() ?? 0, 600_000, FLUSH_MS);
      clock.set(new Date(endMs - 1));
      const untouched = await create(600);
      await use(untouched.sessionToken, on);
      clock.set(new Date(endMs));
      await expect(use(sessionToken, on)).rejects.toThrow(/SESSION_IDLE|not used for too long/);
      // And again, from whatever is known by now.
      await expect(use(sessionToken, on)).rejects.toThrow(/SESSION_IDLE|not used for too long/);
      await expect(use(untouched.sessionToken, on)).resolves.not.toThrow();
    }
  });

  it.each(PATHS)('lives as long as it is used: %s', async (_name, use) => {
    const { session, sessionToken } = await create(60);
    for (let i = 0; i < 10; i++) {
      clock.advance(59_000);
      await use(sessionToken, rig);
      await untilNoted(session, clock.now());
    }
  });

  it.each(PATHS)('is not ended by an instance that has not seen how another one used it: %s', async (_name, use) => {
    const { session, sessionToken } = await create(60);
    // Both know it, and only one of them is asked from now on.
    await use(sessionToken, other);
    for (let i = 0; i < 5; i++) {
      clock.advance(40_000);
      await use(sessionToken, rig);
      await untilNoted(session, clock.now());
    }
    await use(sessionToken, other);
    await rig.service.redis.flush();
    await use(sessionToken, other);
  });

  it('is refused with SESSION_IDLE to whom holds the token, and to nobody else', async () => {
    const { sessionToken } = await create(60);
    clock.advance(120_000);
    await expect(rig.validate(sessionToken)).rejects.toMatchObject({ kind: 'unauthenticated', reason: 'SESSION_IDLE' });
    const tampered = sessionToken.slice(0, -1) + (sessionToken.endsWith('A') ? 'B' : 'A');
    await expect(rig.validate(tampered)).rejects.toMatchObject({ reason: 'SESSION_TOKEN_INVALID' });
  });

  it('that is refused again and again asks Postgres only now and then', async () => {
    const { sessionToken } = await create(60);
    await rig.validate(sessionToken);
    clock.advance(120_000);
    await expect(rig.validate(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_IDLE' });
    const before = (await statementsOf())['session.find-session'];
    for (let i = 0; i < 30; i++)
      await expect(rig.validate(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_IDLE' });
    expect((await statementsOf())['session.find-session']).toBeLessThan((before ?? 0) + 5);
  });

  it('takes the timeout of the service where it asks for none, or for a longer one', async () => {
    const strict = await startSession({ clock, env: { ...env, GATEHOUSE_SESSION_IDLE_TIMEOUT_SECONDS: '60' } });
    for (const asked of [0, 600]) expect((await create(asked, strict)).session.idleTimeoutSeconds).toBe(60);
    expect((await create(30, strict)).session.idleTimeoutSeconds).toBe(30);
    await strict.stop();
  });
});

describe('what can not be written', () => {
  const unavailable = new Failure('unavailable', 'POSTGRES_UNAVAILABLE', 'Postgres does not take connections.');
  const mistake = new Error('invalid input syntax');
  const open = (answers: readonly (Error | undefined)[], noted: boolean) => {
    const written: unknown[][] = [];
    const shown: number[] = [];
    const registry = createRegistry('session');
    const queue = [...answers];
    const query = async (_statement: unknown, [, ids = []]: readonly unknown[][] = []) => {
      const error = queue.shift();
      if (error) throw error;
      written.push(ids);
      return [];
    };
    const activity = openActivity({
      db: { query } as unknown as Database,
      presence: { note: async (uses) => shown.push(uses.length) > 0 && noted },
      logger: silentLogger,
      registry,
      flushMs: 60_000,
    });
    const dropped = async () => Number(/session_activity_dropped_total\S* (\d+)/.exec(await registry.metrics())?.[1]);
    return { activity, written, shown, dropped };
  };
  const used = (id: string) => ({ id, userId: id });

  it('because Postgres is out of reach stays, and is written when it is back; users are shown at once, and once', async () => {
    const { activity, written, shown, dropped } = open([unavailable, unavailable], true);
    activity.begin(used('a'), 1);
    await activity.flush();
    activity.begin(used('b'), 2);
    await activity.flush();
    expect(written).toEqual([]);
    expect(shown).toEqual([1, 1]);
    await activity.stop();
    expect(written.flat().sort()).toEqual(['a', 'b']);
    expect(await dropped()).toBe(0);
  });

  it('because Redis is out of reach is shown later, if it still waits for Postgres', async () => {
    const { activity, written, shown } = open([unavailable], false);
    activity.begin(used('a'), 1);
    await activity.flush();
    await activity.stop();
    expect(written).toEqual([['a']]);
    expect(shown).toEqual([1, 1]);
  });

  it('because Postgres will never take it is dropped and counted, and holds up nothing', async () => {
    const { activity, written, dropped } = open([mistake], true);
    activity.begin(used('a'), 1);
    await activity.flush();
    activity.begin(used('b'), 2);
    await activity.stop();
    expect(written).toEqual([['b']]);
    expect(await dropped()).toBe(1);
  });
});

function fromAddress(sessionToken: string, address: string) {
  const request = envoyCheckRequest({ authorization: `Bearer ${sessionToken}` });
  const { source } = request.attributes ?? {};
  if (source?.address?.address?.$case === 'socketAddress') source.address.address.value.address = address;
  return request;
}
