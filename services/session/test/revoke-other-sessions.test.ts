import { randomUUID } from 'node:crypto';
import { Freshness, RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { outboxEvents } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedSession, startSession, tampered } from './harness.ts';

const { FRESHNESS_BOUNDED } = Freshness;
const reason = RevokedReason.REVOKED_REASON_CREDENTIAL_CHANGED;
let rig: StartedSession;
let other: StartedSession;

beforeAll(async () => {
  rig = await startSession();
  other = await startSession({ database: rig.service.database, redis: rig.service.redis, instance: 'other' });
});
afterAll(async () => {
  await other.stop();
  await rig.stop();
});

const revokeOthers = (sessionToken: string, on: StartedSession = rig) =>
  on.app.revokeOtherSessions({ sessionToken, reason });
const createThree = async (userId: string) =>
  [await rig.create(userId), await rig.create(userId), await rig.create(userId)] as const;

describe('RevokeOtherSessions', () => {
  it('ends every other session of the user, on another instance at once for whom shows its token, and no one else', async () => {
    const userId = randomUUID();
    const [first, kept, third] = await createThree(userId);
    const stranger = await rig.create();
    for (const { sessionToken } of [first, kept, third]) await other.validate(sessionToken);
    const { revokedCount, consistencyToken } = await revokeOthers(kept.sessionToken);
    expect(revokedCount).toBe(2);
    for (const each of [rig, other]) {
      const validate = (sessionToken: string) =>
        each.app.validateSession({ sessionToken, freshness: FRESHNESS_BOUNDED, consistencyToken });
      for (const { sessionToken } of [first, third]) {
        await expect(validate(sessionToken)).rejects.toMatchObject({
          reason: 'SESSION_REVOKED',
          metadata: { revoked_reason: 'credential_changed' },
        });
      }
      await expect(validate(kept.sessionToken)).resolves.toBeDefined();
      await expect(validate(stranger.sessionToken)).resolves.toBeDefined();
    }
    const events = (await outboxEvents(rig.service)).filter((event) => event.userId === userId);
    const revoked = events.filter(({ eventType }) => eventType === 'session.revoked');
    expect(revoked.map(({ sessionId }) => sessionId).sort()).toEqual(
      [first.session.sessionId, third.session.sessionId].sort(),
    );
    for (const event of revoked) expect(event).toMatchObject({ actor: `user:${userId}`, peer: 'app/test' });
  });

  it('again ends nothing', async () => {
    const [first] = await createThree(randomUUID());
    expect(await revokeOthers(first.sessionToken)).toMatchObject({ revokedCount: 2 });
    expect(await revokeOthers(first.sessionToken)).toMatchObject({
      revokedCount: 0,
      consistencyToken: expect.any(String),
    });
  });

  it('leaves exactly one session when all of them do it at once', async () => {
    const userId = randomUUID();
    const all = [...(await createThree(userId)), ...(await createThree(userId))];
    const results = await Promise.allSettled(
      all.map(({ sessionToken }, i) => revokeOthers(sessionToken, i % 2 ? rig : other)),
    );
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ reason: 'SESSION_REVOKED' });
    }
    const left = await Promise.allSettled(
      all.map(({ sessionToken }) => rig.validate(sessionToken, Freshness.FRESHNESS_STRICT)),
    );
    expect(left.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('refuses a token that is tampered with, revoked or none, and a reason that is not for callers to give', async () => {
    const [first, second] = await createThree(randomUUID());
    for (const token of [tampered(first.sessionToken), 'nonsense']) {
      await expect(revokeOthers(token)).rejects.toMatchObject({ reason: 'SESSION_TOKEN_INVALID' });
    }
    await revokeOthers(first.sessionToken);
    await expect(revokeOthers(second.sessionToken)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
    const own = { sessionToken: first.sessionToken, reason: RevokedReason.REVOKED_REASON_REPLACED };
    await expect(rig.app.revokeOtherSessions(own)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'reason' })],
    });
    await expect(rig.validate(first.sessionToken)).resolves.toBeDefined();
  });

  it.each(['edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, SessionServiceService);
    await expect(client.revokeOtherSessions({ sessionToken: 'x', reason })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it('wants a reason', async () => {
    const request = { sessionToken: 'x', reason: RevokedReason.REVOKED_REASON_UNSPECIFIED };
    await expect(rig.app.revokeOtherSessions(request)).rejects.toMatchObject({
      fields: [expect.objectContaining({ field: 'reason' })],
    });
  });
});
