import { randomUUID } from 'node:crypto';
import { outboxEvents } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN, REQUEST, type StartedSession, startSession } from './harness.ts';

let rig: StartedSession;

beforeAll(async () => {
  rig = await startSession({ env: { GATEHOUSE_SESSION_LIFETIME_SECONDS: '3600' } });
});
afterAll(() => rig.stop());

describe('CreateSession', () => {
  it('makes a session that its token proves, with all that was said of it', async () => {
    const { sessionToken, session } = await rig.identity.createSession(REQUEST);
    expect(sessionToken).toMatch(/^ghs_[A-Za-z0-9_-]{56}$/);
    expect(session).toMatchObject({ userId: REQUEST.userId, authenticationMethods: ['pwd'], origin: ORIGIN });
    expect((session?.expiresAt?.getTime() ?? 0) - (session?.createdAt?.getTime() ?? 0)).toBe(3_600_000);
    await expect(rig.validate(sessionToken)).resolves.toEqual({ session });
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
