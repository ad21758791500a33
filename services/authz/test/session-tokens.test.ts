import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { Freshness, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import * as session from '@gatehouse/session-service';
import { startTestService, type TestService, waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Mark, parseToken } from '../src/domain/consistency.ts';
import { type SessionTokens, tellSessions } from '../src/peers/session-tokens.ts';
import { ALWAYS, atLeast, type Fixture, permission, question, startFixture } from './fixture.ts';
import { modelRevision } from './model.ts';

let sessions: TestService;
let fixture: Fixture;
let other: Fixture;
let tokens: SessionTokens | undefined;

beforeAll(async () => {
  sessions = await startTestService({ name: 'session', main: session });
  const env = { GATEHOUSE_SESSION_ADDRESS: sessions.address };
  fixture = await startFixture({ env });
  const { database, redis } = fixture.service;
  other = await startFixture({ env, database, redis, instance: 'other' });
});
afterAll(async () => {
  await other?.stop();
  await fixture?.stop();
  await sessions?.stop();
});
afterEach(() => tokens?.stop());

const signIn = async (userId: string = randomUUID()) => {
  const { sessionToken } = await sessions.connectAs('identity', SessionServiceService).createSession({
    userId,
    authenticationMethods: ['pwd'],
    origin: undefined,
    lifetimeSeconds: 3_600,
    authenticationLevel: 1,
    idleTimeoutSeconds: 0,
    withRefreshToken: false,
  });
  return { userId, sessionToken };
};
const tokenOf = async (sessionToken: string): Promise<string> => {
  const freshness = Freshness.FRESHNESS_STRICT;
  const app = sessions.connectAs('app/test', SessionServiceService);
  const { session } = await app.validateSession({ sessionToken, freshness, consistencyToken: '' });
  return session?.authzToken ?? '';
};
/**
 * The token that a session knows, once it is the one expected: who changed something waits half a second for it to be told, and a
 * machine that is busy takes longer.
 */
const newestOf = (sessionToken: string, isNewest: (mark: Mark) => boolean): Promise<string> =>
  waitFor(async () => {
    const token = await tokenOf(sessionToken);
    return token !== '' && isNewest(parseToken(token)) ? token : undefined;
  });

describe('the session of a user knows', () => {
  it('what was granted to and taken from the user', async () => {
    const { userId, sessionToken } = await signIn();
    const { sessionToken: stranger } = await signIn();
    const roleId = await fixture.role({ permissions: ['things:read'] });
    await fixture.grant(userId, roleId);
    const token = await newestOf(sessionToken, ({ user }) => user?.revision === 1n);
    expect(parseToken(token)).toEqual({
      modelRevision: await modelRevision(fixture),
      user: { id: userId, revision: 1n },
    });
    expect(await other.allowed(userId, 'things:read', atLeast(token))).toBe(true);
    await fixture.revoke(userId, roleId);
    const later = await newestOf(sessionToken, ({ user }) => user?.revision === 2n);
    expect(await other.allowed(userId, 'things:read', atLeast(later))).toBe(false);
    expect(await tokenOf(stranger)).toBe('');
  });

  it('what the user did: to others, and to the model', async () => {
    const admin = await signIn();
    const roleId = await fixture.role({ permissions: ['permissions:create', 'grants:create'] });
    await fixture.grant(admin.userId, roleId);
    const app = fixture.service.connectAs('app/admin', AuthzServiceService);
    const { sessionToken } = admin;
    await app.createPermission(permission(`things:${randomUUID()}`), { sessionToken });
    const revision = await modelRevision(fixture);
    await newestOf(sessionToken, ({ modelRevision: known, user }) => known === revision && user?.revision === 1n);
    const { userId } = await signIn();
    await app.grantRole({ userId, roleId, reason: '', ...ALWAYS }, { sessionToken });
    expect(parseToken(await tokenOf(sessionToken)).user).toEqual({ id: admin.userId, revision: 1n });
  });

  it('no older state than another session of the user, whatever happens at once', async () => {
    const { userId, sessionToken } = await signIn();
    const roles = await Promise.all(Array.from({ length: 8 }, () => fixture.role()));
    await Promise.all(roles.map((roleId, index) => (index % 2 ? fixture : other).grant(userId, roleId)));
    const token = await newestOf(sessionToken, ({ user }) => user?.revision === 8n);
    expect(await tokenOf((await signIn(userId)).sessionToken)).toBe(token);
  });
});

describe('who tells sessions', () => {
  it('has who changed something wait until they know', async () => {
    const told = Promise.withResolvers<void>();
    const knows = Promise.withResolvers<void>();
    tokens = tellSessions({
      session: {
        async advanceAuthzTokens() {
          told.resolve();
          await knows.promise;
          return {};
        },
      },
      find: async (ids) => ids.map((userId) => ({ userId, token: 'AQID', position: 1n })),
      logger: silentLogger,
      registry: createRegistry('authz'),
    });
    let isAnswered = false;
    const answered = tokens.advance([randomUUID()]).then(() => {
      isAnswered = true;
    });
    await told.promise;
    await setImmediate();
    expect(isAnswered).toBe(false);
    knows.resolve();
    await answered;
  });
});

describe('while the session service does not answer', () => {
  it('changes are answered all the same', async () => {
    const alone = await startFixture();
    try {
      const userId = randomUUID();
      await alone.grant(userId, await alone.role({ permissions: ['things:read'] }));
      expect(await alone.allowed(userId, 'things:read')).toBe(true);
      expect(await alone.metric('authz_session_tokens_waiting')).toBe(1);
      const check = alone.service.connectAs('app/test', AuthzServiceService).check(question(userId, 'things:read'));
      await expect(check).resolves.toBeDefined();
    } finally {
      await alone.stop();
    }
  });

  it('those to be told are kept, and told of the newest token once it does', async () => {
    let answers = false;
    let calls = 0;
    const told: { userId: string; position: bigint }[] = [];
    const positions = new Map<string, bigint>();
    tokens = tellSessions({
      session: {
        async advanceAuthzTokens({ tokens: given }) {
          calls += 1;
          if (!answers) throw new Error('The session service is away.');
          told.push(...given);
          return {};
        },
      },
      find: async (ids) => ids.map((userId) => ({ userId, token: 'AQID', position: positions.get(userId) ?? 0n })),
      logger: silentLogger,
      registry: createRegistry('authz'),
      retryMs: 1,
    });
    const ids = Array.from({ length: 250 }, () => randomUUID());
    for (const id of ids) positions.set(id, 1n);
    await tokens.advance(ids);
    for (const id of ids) positions.set(id, 2n);
    await tokens.advance(ids.slice(0, 10));
    await waitFor(() => calls > 3);
    expect(told).toEqual([]);
    answers = true;
    await waitFor(() => told.length === ids.length);
    expect(new Set(told.map(({ userId }) => userId))).toEqual(new Set(ids));
    expect(new Set(told.map(({ position }) => position))).toEqual(new Set([2n]));
    await tokens.advance(ids.slice(0, 1));
    expect(told).toHaveLength(ids.length + 1);
  });
});
