import { randomUUID } from 'node:crypto';
import { silentLogger } from '@gatehouse/process';
import { RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { openRedis } from '@gatehouse/redis';
import { fakeClock, startRedis, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shardKey, shardOf } from '../src/domain/presence-shard.ts';
import { type StartedSession, startSession } from './harness.ts';

const ONLINE_MS = 180_000;
const clock = fakeClock();
let rig: StartedSession;
let other: StartedSession;

beforeAll(async () => {
  const env = { GATEHOUSE_SESSION_ACTIVITY_FLUSH_MS: '10', GATEHOUSE_SESSION_ONLINE_SECONDS: String(ONLINE_MS / 1000) };
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

const presenceOf = async (userId: string, on: StartedSession = rig) =>
  (await on.app.getPresence({ userIds: [userId] })).presences[0];
const untilOnline = (userId: string) => waitFor(async () => (await presenceOf(userId))?.isOnline);
const offline = (userId: string) => ({ userId, isOnline: false, lastActiveAt: undefined });
const revoke = (value: string) =>
  rig.operator.revokeSession({ target: { $case: 'sessionId', value }, reason: RevokedReason.REVOKED_REASON_LOGOUT });

describe('GetPresence', () => {
  it('tells that a user is online from the moment of signing in, on every instance', async () => {
    const { session } = await rig.create();
    const { userId } = session;
    await untilOnline(userId);
    for (const each of [rig, other]) {
      expect(await presenceOf(userId, each)).toEqual({ userId, isOnline: true, lastActiveAt: clock.now() });
    }
  });

  it('answers for each user, in their order', async () => {
    const [first, second, nobody] = [
      (await rig.create()).session.userId,
      (await rig.create()).session.userId,
      randomUUID(),
    ];
    await untilOnline(first);
    await untilOnline(second);
    const userIds = [second, nobody, first];
    const { presences } = await rig.app.getPresence({ userIds });
    expect(presences.map(({ userId, isOnline }) => [userId, isOnline])).toEqual([
      [second, true],
      [nobody, false],
      [first, true],
    ]);
  });

  it('lasts for the window after the last use, by whichever session and instance', async () => {
    const { session, sessionToken } = await rig.create();
    const { userId } = session;
    await untilOnline(userId);
    clock.advance(ONLINE_MS - 60_000);
    await other.validate(sessionToken);
    const used = clock.now();
    await waitFor(async () => (await presenceOf(userId))?.lastActiveAt?.getTime() === used.getTime());
    clock.advance(ONLINE_MS);
    expect(await presenceOf(userId)).toMatchObject({ isOnline: true });
    clock.advance(1_000);
    expect(await presenceOf(userId)).toEqual(offline(userId));
  });

  it('ends when the last session of a user is revoked, and not before', async () => {
    const userId = randomUUID();
    const [first, second] = [await rig.create(userId), await rig.create(userId)];
    await untilOnline(userId);
    await revoke(first.session.sessionId);
    expect(await presenceOf(userId)).toMatchObject({ isOnline: true });
    await revoke(second.session.sessionId);
    expect(await presenceOf(userId)).toEqual(offline(userId));
    clock.advance(1);
    await rig.create(userId);
    await untilOnline(userId);
  });

  it('is seen again after Redis has lost everything, as soon as the user does something', async () => {
    const { session, sessionToken } = await rig.create();
    await untilOnline(session.userId);
    await rig.service.redis.flush();
    expect(await presenceOf(session.userId)).toEqual(offline(session.userId));
    clock.advance(60_000);
    await waitFor(async () => {
      await rig.validate(sessionToken);
      return (await presenceOf(session.userId))?.isOnline;
    });
  });

  it('leaves nothing in Redis of whom nobody has seen within the window', async () => {
    const store = openRedis({
      url: rig.service.redis.url,
      name: 'test',
      commandTimeoutMs: 5_000,
      logger: silentLogger,
    });
    try {
      await store.ready();
      const early = (await rig.create()).session;
      await untilOnline(early.userId);
      const key = shardKey(shardOf(early.userId));
      expect(await store.client.zcard(key)).toBe(1);
      expect(await store.client.pttl(key)).toBeGreaterThan(0);
      expect(await store.client.pttl(key)).toBeLessThanOrEqual(ONLINE_MS);
      expect(await store.client.object('ENCODING', key)).toBe('listpack');
      clock.advance(ONLINE_MS + 1_000);
      const late = neighbourOf(early.userId);
      await rig.create(late);
      await untilOnline(late);
      expect(await store.client.zcard(key)).toBe(1);
    } finally {
      await store.close();
    }
  });

  it.each(['edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, SessionServiceService);
    await expect(client.getPresence({ userIds: [randomUUID()] })).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });

  it.each([
    ['none', []],
    ['too many', Array.from({ length: 101 }, () => randomUUID())],
    ['no ids', ['somebody']],
  ])('refuses %s', async (_what, userIds) => {
    await expect(rig.app.getPresence({ userIds })).rejects.toMatchObject({ reason: 'FIELD_INVALID' });
  });
});

describe('with Redis stopped', () => {
  it('the answer is UNAVAILABLE; signing in, validating and signing out go on', async () => {
    const redis = await startRedis();
    const alone = await startSession({ redis, env: { GATEHOUSE_SESSION_ACTIVITY_FLUSH_MS: '10' } });
    const { session, sessionToken } = await alone.create();
    await redis.kill();
    const unavailable = { kind: 'unavailable', reason: 'REDIS_UNAVAILABLE' };
    await expect(alone.app.getPresence({ userIds: [session.userId] })).rejects.toMatchObject(unavailable);
    const list = { pageSize: 0, pageToken: '' };
    await expect(alone.operator.listOnlineUsers(list)).rejects.toMatchObject(unavailable);
    await alone.create(session.userId);
    await waitFor(async () => /session_presence_unwritten_total\S* [1-9]/.test(await alone.metrics()));
    await waitFor(() => alone.validate(sessionToken).then(() => true));
    const reason = RevokedReason.REVOKED_REASON_LOGOUT;
    expect(await alone.operator.revokeUserSessions({ userId: session.userId, reason })).toMatchObject({
      revokedCount: 2,
    });
    await alone.stop();
    await redis.stop();
  });
});

/** Another user whose presence is kept in the same shard. */
function neighbourOf(userId: string): string {
  for (;;) {
    const candidate = randomUUID();
    if (shardOf(candidate) === shardOf(userId)) return candidate;
  }
}
