import { randomUUID } from 'node:crypto';
import { Freshness, RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { fakeClock, outboxEvents } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN, REQUEST, type StartedSession, startSession, tampered, validated } from './harness.ts';

const clock = fakeClock();
let rig: StartedSession;
let other: StartedSession;

beforeAll(async () => {
  const env = { GATEHOUSE_SESSION_LIFETIME_SECONDS: '3600' };
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

const extend = (sessionToken: string, lifetimeSeconds = 0, on: StartedSession = rig) =>
  on.app.extendSession({ sessionToken, lifetimeSeconds });
const endOf = async (sessionToken: string, lifetimeSeconds = 0) =>
  (await extend(sessionToken, lifetimeSeconds)).session?.expiresAt?.getTime();

describe('ExtendSession', () => {
  it('lets a session live for the time that is asked for from now', async () => {
    const { sessionToken, session } = await rig.create(randomUUID(), 600);
    clock.advance(300_000);
    const { session: extended } = await extend(sessionToken, 900);
    expect(extended).toEqual({ ...session, origin: ORIGIN, expiresAt: new Date(clock.now().getTime() + 900_000) });
    clock.advance(600_000);
    for (const each of [rig, other]) {
      await expect(each.validate(sessionToken, Freshness.FRESHNESS_STRICT)).resolves.toEqual(
        validated(extended ?? session),
      );
    }
    clock.advance(300_000);
    await expect(rig.validate(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_EXPIRED' });
  });

  it('shows on another instance at once to whom shows its token, and soon to everybody', async () => {
    const { sessionToken, session } = await rig.create(randomUUID(), 600);
    await other.validate(sessionToken);
    const { session: extended, consistencyToken } = await extend(sessionToken, 1_200);
    // Nothing is left to the relay: every instance has been told.
    const [row] = await query<{ waiting: bigint }>(
      rig.service.database.adminUrl,
      'select count(*) as waiting from session.invalidations where subject_id = $1::uuid',
      [session.sessionId],
    );
    expect(row?.waiting).toBe(0n);
    expect(extended?.expiresAt?.getTime()).toBeGreaterThan(session.expiresAt?.getTime() ?? 0);
    const seen = await other.app.validateSession({
      sessionToken,
      freshness: Freshness.FRESHNESS_BOUNDED,
      consistencyToken,
    });
    expect(seen.session?.expiresAt).toEqual(extended?.expiresAt);
    // Longer than it would have lived: neither instance goes by what it knew before.
    clock.advance(600_000);
    for (const each of [rig, other]) await expect(each.validate(sessionToken)).resolves.toBeDefined();
  });

  it('never goes beyond the longest lifetime, counted from the creation', async () => {
    const { sessionToken, session } = await rig.create(randomUUID(), 600);
    const last = (session.createdAt?.getTime() ?? 0) + 3_600_000;
    clock.advance(300_000);
    expect(await endOf(sessionToken)).toBe(last);
    expect(await endOf(sessionToken, 30_000_000)).toBe(last);
    clock.advance(3_300_000);
    await expect(extend(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_EXPIRED' });
  });

  it('never makes a session shorter, and then changes nothing', async () => {
    const { sessionToken, session } = await rig.create(randomUUID(), 600);
    expect(await endOf(sessionToken, 60)).toBe(session.expiresAt?.getTime());
    const { consistencyToken } = await extend(sessionToken, 60);
    await expect(
      other.app.validateSession({ sessionToken, freshness: Freshness.FRESHNESS_BOUNDED, consistencyToken }),
    ).resolves.toEqual(validated(session));
    expect(await extensionsOf(session.sessionId)).toEqual([]);
  });

  it('grows to the longest that is asked for when several ask at once', async () => {
    const { sessionToken, session } = await rig.create(randomUUID(), 600);
    const asked = [700, 1_500, 900, 1_400, 1_000, 800];
    await Promise.all(asked.map((seconds, i) => extend(sessionToken, seconds, i % 2 ? rig : other)));
    const { session: seen } = await rig.validate(sessionToken, Freshness.FRESHNESS_STRICT);
    expect(seen?.expiresAt).toEqual(new Date(clock.now().getTime() + 1_500_000));
    const ends = (await extensionsOf(session.sessionId)).map(({ attributes }) => attributes.expires_at ?? '');
    expect(ends).toEqual([...ends].sort());
  });

  it('tells the audit trail', async () => {
    const { sessionToken, session } = await rig.create(randomUUID(), 600);
    const { session: extended } = await extend(sessionToken, 900);
    expect(await extensionsOf(session.sessionId)).toMatchObject([
      {
        userId: session.userId,
        actor: `user:${session.userId}`,
        peer: 'app/test',
        attributes: { expires_at: extended?.expiresAt?.toISOString() },
      },
    ]);
  });

  it('keeps a session that is revoked at the same time revoked', async () => {
    for (let round = 0; round < 5; round++) {
      const { sessionToken } = await rig.create(randomUUID(), 600);
      const target = { $case: 'sessionToken' as const, value: sessionToken };
      await Promise.all([
        extend(sessionToken, 900, other).catch((error) => expect(error).toMatchObject({ reason: 'SESSION_REVOKED' })),
        rig.app.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT }),
      ]);
      for (const each of [rig, other]) {
        await expect(each.validate(sessionToken, Freshness.FRESHNESS_STRICT)).rejects.toMatchObject({
          reason: 'SESSION_REVOKED',
        });
      }
    }
  });

  it('refuses what is no good session token', async () => {
    const { sessionToken } = await rig.create();
    const idle = await rig.identity.createSession({ ...REQUEST, userId: randomUUID(), idleTimeoutSeconds: 10 });
    for (const token of [tampered(sessionToken), 'nonsense']) {
      await expect(extend(token)).rejects.toMatchObject({ reason: 'SESSION_TOKEN_INVALID' });
    }
    clock.advance(60_000);
    await expect(extend(idle.sessionToken)).rejects.toMatchObject({ reason: 'SESSION_IDLE' });
    const target = { $case: 'sessionToken' as const, value: sessionToken };
    await rig.app.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT });
    await expect(extend(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
  });

  it.each(['edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, SessionServiceService);
    await expect(client.extendSession({ sessionToken: 'x', lifetimeSeconds: 0 })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it('wants a lifetime of a year at most', async () => {
    await expect(extend('x', 40_000_000)).rejects.toMatchObject({
      fields: [expect.objectContaining({ field: 'lifetime_seconds' })],
    });
  });
});

async function extensionsOf(id: string) {
  return (await outboxEvents(rig.service)).filter(
    ({ eventType, sessionId }) => eventType === 'session.extended' && sessionId === id,
  );
}
