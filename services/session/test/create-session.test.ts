import { randomUUID } from 'node:crypto';
import { Freshness, RevokedReason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { fakeClock, outboxEvents } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConsistencyToken } from '../src/domain/consistency.ts';
import { ORIGIN, REQUEST, type StartedSession, startSession, validated } from './harness.ts';

let rig: StartedSession;

beforeAll(async () => {
  rig = await startSession({ env: { GATEHOUSE_SESSION_LIFETIME_SECONDS: '3600' } });
});
afterAll(() => rig.stop());

describe('CreateSession', () => {
  it('makes a session that its token proves, with all that was said of it', async () => {
    const { sessionToken, session } = await rig.identity.createSession(REQUEST);
    expect(sessionToken).toMatch(/^ghs_[A-Za-z0-9_-]{68}$/);
    if (!session) throw new Error('No session came back.');
    expect(session).toMatchObject({ userId: REQUEST.userId, authenticationMethods: ['pwd'], origin: ORIGIN });
    expect((session.expiresAt?.getTime() ?? 0) - (session.createdAt?.getTime() ?? 0)).toBe(3_600_000);
    await expect(rig.validate(sessionToken)).resolves.toEqual(validated(session));
  });

  it('takes the address of the peer where the caller names none', async () => {
    const { session } = await rig.identity.createSession({ ...REQUEST, origin: undefined });
    expect(session?.origin?.ipAddress).toBe('127.0.0.1');
  });

  it('gives a shorter life when asked, and never a longer one than it is configured to', async () => {
    const lifeMs = async (lifetimeSeconds: number) => {
      const { session } = await rig.create(randomUUID(), lifetimeSeconds);
      return (session.expiresAt?.getTime() ?? 0) - (session.createdAt?.getTime() ?? 0);
    };
    expect(await lifeMs(60)).toBe(60_000);
    expect(await lifeMs(7_200)).toBe(3_600_000);
  });

  it('leaves its audit event, and no token, in the same commit', async () => {
    const requestId = randomUUID();
    const userId = randomUUID();
    const { sessionToken, session } = await rig.identity.createSession({ ...REQUEST, userId }, { requestId });
    const events = (await outboxEvents(rig.service)).filter((event) => event.requestId === requestId);
    expect(events).toMatchObject([
      {
        eventType: 'session.created',
        service: 'session',
        actor: 'peer:identity',
        peer: 'identity',
        ipAddress: ORIGIN.ipAddress,
        userAgent: ORIGIN.userAgent,
        userId,
        sessionId: session?.sessionId,
        attributes: { authentication_methods: 'pwd' },
      },
    ]);
    expect(JSON.stringify(events)).not.toContain(sessionToken.slice(4, 30));
  });

  it('makes as many sessions as are asked for at once, each its own', async () => {
    const userId = randomUUID();
    const made = await Promise.all(Array.from({ length: 30 }, () => rig.create(userId)));
    expect(new Set(made.map(({ sessionToken }) => sessionToken)).size).toBe(30);
    // Sessions of one user share the tag at the end of their ids.
    expect(new Set(made.map(({ session }) => session.sessionId.slice(-3))).size).toBe(1);
  });

  describe('for a user who may have five sessions', () => {
    let five: StartedSession;
    let other: StartedSession;
    const clock = fakeClock();
    beforeAll(async () => {
      // Room for fifteen at once on each, which wait for one another and not for a connection.
      const env = { GATEHOUSE_SESSION_PER_USER_MAX: '5', GATEHOUSE_POSTGRES_CONNECTIONS: '15' };
      five = await startSession({ env, clock });
      const { database, redis } = five.service;
      other = await startSession({ env, clock, database, redis, instance: 'other' });
    });
    afterAll(async () => {
      await other.stop();
      await five.stop();
    });
    const isGood = async ({ sessionToken }: { readonly sessionToken: string }, on = five) =>
      on.validate(sessionToken, Freshness.FRESHNESS_STRICT).then(
        () => true,
        (error) => {
          expect(error).toMatchObject({ reason: 'SESSION_REVOKED', metadata: { revoked_reason: 'session_limit' } });
          return false;
        },
      );

    it('ends the oldest when a sixth is made, and says so', async () => {
      const userId = randomUUID();
      const made = [];
      for (let i = 0; i < 5; i++) made.push(await five.identity.createSession({ ...REQUEST, userId }));
      expect(made.flatMap(({ revokedSessionIds }) => revokedSessionIds)).toEqual([]);
      const [oldest] = made;
      await other.validate(oldest?.sessionToken ?? '');
      const sixth = await five.identity.createSession({ ...REQUEST, userId });
      expect(sixth.revokedSessionIds).toEqual([oldest?.session?.sessionId]);
      expect(parseConsistencyToken(sixth.consistencyToken)(oldest?.session?.sessionId ?? '')).toBe('truth');
      const request = { sessionToken: oldest?.sessionToken ?? '', consistencyToken: sixth.consistencyToken };
      await expect(
        other.app.validateSession({ ...request, freshness: Freshness.FRESHNESS_BOUNDED }),
      ).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
      const event = (await outboxEvents(five.service)).find(
        ({ eventType, sessionId }) => eventType === 'session.revoked' && sessionId === oldest?.session?.sessionId,
      );
      expect(event).toMatchObject({ actor: 'peer:identity', attributes: { revoked_reason: 'session_limit' } });
    });

    it('does not count what is revoked or expired, and leaves other users alone', async () => {
      const userId = randomUUID();
      const stranger = await five.create();
      const kept = [await five.create(userId), await five.create(userId), await five.create(userId)];
      const [short, revoked] = [await five.create(userId, 60), await five.create(userId)];
      const target = { $case: 'sessionToken' as const, value: revoked.sessionToken };
      await five.app.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT });
      clock.advance(60_000);
      for (let i = 0; i < 2; i++) {
        const { revokedSessionIds } = await five.identity.createSession({ ...REQUEST, userId });
        expect(revokedSessionIds).toEqual([]);
      }
      for (const each of [...kept, stranger]) expect(await isGood(each)).toBe(true);
      await expect(five.validate(short.sessionToken)).rejects.toMatchObject({ reason: 'SESSION_EXPIRED' });
    });

    it('leaves exactly five of fifteen that are made at once, and never ends the one that it answers with', async () => {
      const userId = randomUUID();
      const made = await Promise.all(
        Array.from({ length: 15 }, (_, i) => (i % 2 ? five : other).identity.createSession({ ...REQUEST, userId })),
      );
      for (const { session, revokedSessionIds } of made) expect(revokedSessionIds).not.toContain(session?.sessionId);
      const ended = made.flatMap(({ revokedSessionIds }) => revokedSessionIds);
      expect(new Set(ended).size).toBe(10);
      expect(ended).toHaveLength(10);
      for (const on of [five, other]) {
        const good = await Promise.all(made.map((each) => isGood(each, on)));
        expect(good.filter(Boolean)).toHaveLength(5);
      }
    });
  });

  it.each(['app/test', 'edge/envoy', 'authz', 'audit', 'ops', 'session'])('is refused to %s', async (peer) => {
    const { SessionServiceService } = await import('@gatehouse/proto/gatehouse/session/v1/session.ts');
    const client = rig.service.connectAs(peer, SessionServiceService);
    await expect(client.createSession(REQUEST)).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });

  it.each([
    ['user_id', { userId: '' }],
    ['user_id', { userId: 'somebody' }],
    ['authentication_methods', { authenticationMethods: [] }],
    ['authentication_methods[0]', { authenticationMethods: ['PWD!'] }],
    ['origin.ip_address', { origin: { ...ORIGIN, ipAddress: '203.0.113.7/24' } }],
    ['origin.country_code', { origin: { ...ORIGIN, countryCode: 'Germany' } }],
    ['lifetime_seconds', { lifetimeSeconds: 40_000_000 }],
  ])('names the field that is wrong: %s', async (field, wrong) => {
    await expect(rig.identity.createSession({ ...REQUEST, ...wrong })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
