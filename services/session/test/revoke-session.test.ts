import { randomUUID } from 'node:crypto';
import { Freshness, RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { outboxEvents, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthz } from './authz-stand-in.ts';
import { type StartedSession, startSession, tampered } from './harness.ts';

const { REVOKED_REASON_LOGOUT, REVOKED_REASON_ADMINISTRATIVE } = RevokedReason;
const ADMIN = randomUUID();
let rig: StartedSession;
let other: StartedSession;
let authz: Awaited<ReturnType<typeof startAuthz>>;

beforeAll(async () => {
  authz = await startAuthz((userId, permission) => userId === ADMIN && permission === 'sessions:revoke');
  const env = { GATEHOUSE_AUTHZ_ADDRESS: authz.address };
  rig = await startSession({ env });
  other = await startSession({ env, database: rig.service.database, redis: rig.service.redis, instance: 'other' });
});
afterAll(async () => {
  await other.stop();
  await rig.stop();
  await authz.stop();
});

const byToken = (value: string) => ({
  target: { $case: 'sessionToken' as const, value },
  reason: REVOKED_REASON_LOGOUT,
});
const byId = (value: string) => ({
  target: { $case: 'sessionId' as const, value },
  reason: REVOKED_REASON_ADMINISTRATIVE,
});

describe('RevokeSession', () => {
  it('by its token ends a session at once here, and on another instance too', async () => {
    const { sessionToken } = await rig.create();
    await rig.validate(sessionToken);
    await other.validate(sessionToken);
    await rig.app.revokeSession(byToken(sessionToken));
    const revoked = { kind: 'unauthenticated', reason: 'SESSION_REVOKED', metadata: { revoked_reason: 'logout' } };
    await expect(rig.validate(sessionToken)).rejects.toMatchObject(revoked);
    await expect(other.validate(sessionToken, Freshness.FRESHNESS_STRICT)).rejects.toMatchObject(revoked);
    await waitFor(() =>
      other.validate(sessionToken).then(
        () => false,
        () => true,
      ),
    );
    await expect(other.validate(sessionToken)).rejects.toMatchObject(revoked);
  });

  it('stays done when Redis loses everything', async () => {
    const { sessionToken } = await rig.create();
    await rig.app.revokeSession(byToken(sessionToken));
    await rig.service.redis.flush();
    for (const each of [rig, other]) {
      for (const freshness of [Freshness.FRESHNESS_BOUNDED, Freshness.FRESHNESS_STRICT]) {
        await expect(each.validate(sessionToken, freshness)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
      }
    }
  });

  it('again changes nothing and answers as the first time, also at once', async () => {
    const { sessionToken, session } = await rig.create();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 ? rig : other).app.revokeSession(byToken(sessionToken))),
    );
    expect(new Set(answers.map(({ revokedAt }) => revokedAt?.getTime())).size).toBe(1);
    await rig.operator.revokeSession(byId(session.sessionId));
    const events = (await outboxEvents(rig.service)).filter(
      ({ eventType, sessionId }) => eventType === 'session.revoked' && sessionId === session.sessionId,
    );
    expect(events).toMatchObject([
      { actor: `user:${session.userId}`, peer: 'app/test', attributes: { revoked_reason: 'logout' } },
    ]);
  });

  it('refuses a token that is tampered with, of nobody, or none', async () => {
    const { sessionToken } = await rig.create();
    for (const token of [tampered(sessionToken), `ghs_${'A'.repeat(56)}`, 'nonsense']) {
      await expect(rig.app.revokeSession(byToken(token))).rejects.toMatchObject({ reason: 'SESSION_TOKEN_INVALID' });
    }
    await expect(rig.validate(sessionToken)).resolves.toBeDefined();
  });

  it('by id is for operators, and tells them when there is no such session', async () => {
    const { sessionToken, session } = await rig.create();
    await rig.operator.revokeSession(byId(session.sessionId));
    await expect(rig.validate(sessionToken)).rejects.toMatchObject({ metadata: { revoked_reason: 'administrative' } });
    await expect(rig.operator.revokeSession(byId(randomUUID()))).rejects.toMatchObject({ reason: 'SESSION_NOT_FOUND' });
  });

  it('by id through an application ends sessions of the acting user', async () => {
    const userId = randomUUID();
    const [first, second] = [await rig.create(userId), await rig.create(userId)];
    await rig.app.revokeSession(byId(second.session.sessionId), { sessionToken: first.sessionToken });
    await expect(rig.validate(second.sessionToken)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
    await expect(rig.validate(first.sessionToken)).resolves.toBeDefined();
  });

  it('by id through an application ends sessions of others only with the permission', async () => {
    const victim = await rig.create();
    const stranger = await rig.create();
    const admin = await rig.create(ADMIN);
    const target = byId(victim.session.sessionId);
    await expect(rig.app.revokeSession(target)).rejects.toMatchObject({ reason: 'ACTING_USER_REQUIRED' });
    const denied = { kind: 'denied', reason: 'PERMISSION_MISSING', metadata: { permission: 'sessions:revoke' } };
    const as = { sessionToken: stranger.sessionToken };
    await expect(rig.app.revokeSession(target, as)).rejects.toMatchObject(denied);
    // Whether a session exists is not told to a stranger.
    await expect(rig.app.revokeSession(byId(randomUUID()), as)).rejects.toMatchObject(denied);
    await rig.app.revokeSession(target, { sessionToken: admin.sessionToken });
    await expect(rig.validate(victim.sessionToken)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
    const events = await outboxEvents(rig.service);
    expect(events.findLast(({ eventType }) => eventType === 'session.revoked')).toMatchObject({
      actor: `user:${ADMIN}`,
      userId: victim.session.userId,
    });
  });

  it('does not take a revoked session for an acting user', async () => {
    const { sessionToken, session } = await rig.create();
    await rig.app.revokeSession(byToken(sessionToken));
    await expect(rig.app.revokeSession(byId(session.sessionId), { sessionToken })).rejects.toMatchObject({
      reason: 'SESSION_REVOKED',
    });
  });

  it.each(['edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, SessionServiceService);
    await expect(client.revokeSession(byId(randomUUID()))).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });

  it('wants a target and a reason', async () => {
    await expect(
      rig.operator.revokeSession({ target: undefined, reason: REVOKED_REASON_LOGOUT }),
    ).rejects.toMatchObject({ fields: [expect.objectContaining({ field: 'target' })] });
    await expect(
      rig.operator.revokeSession({ ...byId(randomUUID()), reason: RevokedReason.REVOKED_REASON_UNSPECIFIED }),
    ).rejects.toMatchObject({ fields: [expect.objectContaining({ field: 'reason' })] });
  });
});
