import { randomUUID } from 'node:crypto';
import { Freshness, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { fakeClock, outboxEvents } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN, REQUEST, type StartedSession, startSession, tampered, validated } from './harness.ts';

const clock = fakeClock();
let rig: StartedSession;
let other: StartedSession;

beforeAll(async () => {
  const env = { GATEHOUSE_SESSION_PER_USER_MAX: '3' };
  rig = await startSession({ clock, env });
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

const RAISE = { authenticationMethods: ['otp', 'pwd'], authenticationLevel: 2, origin: undefined };
const elevate = (sessionToken: string, more: Partial<typeof RAISE> | object = {}, on: StartedSession = rig) =>
  on.identity.elevateSession({ ...RAISE, sessionToken, ...more });

describe('ElevateSession', () => {
  it('replaces the session by one of the higher level, with a new id and token, that ends when the old one would have', async () => {
    const before = await rig.identity.createSession({
      ...REQUEST,
      userId: randomUUID(),
      lifetimeSeconds: 600,
      idleTimeoutSeconds: 300,
    });
    clock.advance(60_000);
    const after = await elevate(before.sessionToken);
    const { session } = after;
    if (!session || !before.session) throw new Error('No session came back.');
    expect(session).toMatchObject({
      userId: before.session.userId,
      authenticationLevel: 2,
      authenticationMethods: ['pwd', 'otp'],
      createdAt: clock.now(),
      expiresAt: before.session.expiresAt,
      idleTimeoutSeconds: 300,
      origin: ORIGIN,
    });
    expect(session.sessionId).not.toBe(before.session.sessionId);
    expect(after.sessionToken.slice(0, 26)).not.toBe(before.sessionToken.slice(0, 26));
    expect(await rig.validate(after.sessionToken)).toEqual(validated(session));
    expect(await other.validate(after.sessionToken, Freshness.FRESHNESS_STRICT)).toEqual(validated(session));
  });

  it('leaves the old token worth nothing, on another instance at once for whom shows its token', async () => {
    const before = await rig.create();
    await other.validate(before.sessionToken);
    const { consistencyToken, sessionToken } = await elevate(before.sessionToken);
    const bounded = { freshness: Freshness.FRESHNESS_BOUNDED, consistencyToken };
    const refused = { reason: 'SESSION_REVOKED', metadata: { revoked_reason: 'replaced' } };
    for (const each of [rig, other]) {
      const validate = (token: string) => each.app.validateSession({ sessionToken: token, ...bounded });
      await expect(validate(before.sessionToken)).rejects.toMatchObject(refused);
      await expect(validate(sessionToken)).resolves.toBeDefined();
    }
    await expect(elevate(before.sessionToken)).rejects.toMatchObject(refused);
  });

  it('takes the origin that the request names', async () => {
    const { sessionToken } = await rig.create();
    const origin = { ipAddress: '198.51.100.9', userAgent: 'Safari', deviceFingerprint: '', countryCode: '', city: '' };
    expect((await elevate(sessionToken, { origin })).session?.origin).toEqual(origin);
  });

  it('tells the audit trail which session took the place of which', async () => {
    const before = await rig.create();
    const requestId = randomUUID();
    const request = { ...RAISE, sessionToken: before.sessionToken };
    const { session, sessionToken } = await rig.identity.elevateSession(request, { requestId });
    const events = (await outboxEvents(rig.service)).filter((event) => event.requestId === requestId);
    const common = { userId: before.session.userId, actor: `user:${before.session.userId}`, peer: 'identity' };
    expect(events).toMatchObject([
      {
        ...common,
        eventType: 'session.elevated',
        sessionId: session?.sessionId,
        attributes: {
          replaced_session_id: before.session.sessionId,
          authentication_level: '2',
          authentication_methods: 'pwd otp',
        },
      },
      {
        ...common,
        eventType: 'session.revoked',
        sessionId: before.session.sessionId,
        attributes: { revoked_reason: 'replaced' },
      },
    ]);
    expect(JSON.stringify(events)).not.toContain(sessionToken.slice(4, 30));
  });

  it('can be done twice, up to level 3', async () => {
    const { sessionToken } = await rig.create();
    const second = await elevate(sessionToken);
    const third = await elevate(second.sessionToken, { authenticationLevel: 3, authenticationMethods: ['hwk'] });
    expect(third.session).toMatchObject({ authenticationLevel: 3, authenticationMethods: ['pwd', 'otp', 'hwk'] });
  });

  it.each([2, 3])('refuses a level that is not higher than %i', async (authenticationLevel) => {
    const request = { ...REQUEST, userId: randomUUID(), authenticationLevel };
    const { sessionToken } = await rig.identity.createSession(request);
    await expect(elevate(sessionToken, { authenticationLevel: 2 })).rejects.toMatchObject({
      kind: 'precondition',
      reason: 'LEVEL_NOT_RAISED',
    });
    await expect(rig.validate(sessionToken)).resolves.toBeDefined();
  });

  it('is won by exactly one of many that raise the same session at once', async () => {
    const { sessionToken, session } = await rig.create();
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => elevate(sessionToken, {}, i % 2 ? rig : other)),
    );
    const won = results.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ reason: 'SESSION_REVOKED' });
    }
    const { sessions } = await rig.operator.listSessions({
      userId: session.userId,
      deviceFingerprint: '',
      includeEnded: true,
      pageSize: 0,
      pageToken: '',
    });
    expect(sessions).toHaveLength(2);
  });

  it('does not count against the most sessions of a user', async () => {
    const userId = randomUUID();
    const made = [await rig.create(userId), await rig.create(userId), await rig.create(userId)];
    const [first] = made;
    if (first) await elevate(first.sessionToken);
    for (const { sessionToken } of made.slice(1)) await expect(rig.validate(sessionToken)).resolves.toBeDefined();
  });

  it('refuses what is no good session token', async () => {
    const { sessionToken } = await rig.create(randomUUID(), 60);
    const idle = await rig.identity.createSession({ ...REQUEST, userId: randomUUID(), idleTimeoutSeconds: 10 });
    for (const token of [tampered(sessionToken), 'nonsense']) {
      await expect(elevate(token)).rejects.toMatchObject({ reason: 'SESSION_TOKEN_INVALID' });
    }
    clock.advance(60_000);
    await expect(elevate(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_EXPIRED' });
    await expect(elevate(idle.sessionToken)).rejects.toMatchObject({ reason: 'SESSION_IDLE' });
  });

  it.each(['app/test', 'edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, SessionServiceService);
    await expect(client.elevateSession({ ...RAISE, sessionToken: 'x' })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it.each([
    ['authentication_methods', { authenticationMethods: [] }],
    ['authentication_level', { authenticationLevel: 1 }],
    ['authentication_level', { authenticationLevel: 4 }],
    ['origin.ip_address', { origin: { ...ORIGIN, ipAddress: 'here' } }],
  ])('names the field that is wrong: %s', async (field, wrong) => {
    await expect(elevate('x', wrong)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
