import { randomUUID } from 'node:crypto';
import { RevokedReason, type Session } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import type { Call } from '@gatehouse/rpc';
import { type FakeClock, fakeClock, type LentRedis, lendRedis, outboxEvents, waitFor } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { keyRing } from '../src/domain/key-ring.ts';
import { beginFamily, ROTATION_SLACK_MS } from '../src/domain/refresh-family.ts';
import { refreshSession } from '../src/rpc/refresh-session.ts';
import type { RefreshTokens } from '../src/store/refresh-tokens.ts';
import { type DynamoDb, startDynamoDb } from './dynamodb.ts';
import { ORIGIN, REQUEST, tampered, validated } from './harness.ts';
import { AUDIENCES, type StartedTokens, startTokens, verifyElsewhere } from './token-rig.ts';

const GRACE_MS = 30_000;
/** After this time a family rotates again. */
const AGAIN_MS = GRACE_MS + ROTATION_SLACK_MS + 1;
const DAY_MS = 24 * 3_600_000;
const ENV = {
  GATEHOUSE_SESSION_REFRESH_GRACE_SECONDS: String(GRACE_MS / 1000),
  GATEHOUSE_SESSION_REFRESH_LIFETIME_SECONDS: String((10 * DAY_MS) / 1000),
  GATEHOUSE_SESSION_LIFETIME_SECONDS: String((20 * DAY_MS) / 1000),
  GATEHOUSE_SESSION_IDLE_TIMEOUT_SECONDS: '0',
  GATEHOUSE_SESSION_ACTIVITY_FLUSH_MS: '20',
  GATEHOUSE_AUDIT_DECISIONS: 'denied',
};
const refusal = (reason: string) => ({ kind: 'unauthenticated', reason });

describe.each(['postgres', 'dynamodb'] as const)('RefreshSession with its tokens in %s', (store) => {
  let rig: StartedTokens;
  let other: StartedTokens;
  let redis: LentRedis;
  let dynamoDb: DynamoDb | undefined;
  let clock: FakeClock;

  beforeAll(async () => {
    clock = fakeClock(new Date());
    redis = await lendRedis();
    dynamoDb = store === 'dynamodb' ? await startDynamoDb() : undefined;
    const env = { ...ENV, ...dynamoDb?.env };
    rig = await startTokens({ redis, clock, env });
    other = await startTokens({ redis, clock, env, database: rig.service.database, instance: 'other' });
  });
  afterAll(async () => {
    await other.stop();
    await rig.stop();
    await redis.stop();
    await dynamoDb?.stop();
  });

  const create = async (wanted: Partial<typeof REQUEST> = {}) => {
    const made = await rig.identity.createSession({
      ...REQUEST,
      userId: randomUUID(),
      withRefreshToken: true,
      ...wanted,
    });
    return { ...made, session: made.session as Session };
  };
  const refresh = (refreshToken: string, by = rig, audience = '') =>
    by.tokens.refreshSession({ refreshToken, audience, origin: ORIGIN });
  const eventsOf = async (sessionId: string) =>
    (await outboxEvents(rig.service)).filter((event) => event.sessionId === sessionId);
  const waitAgain = () => clock.advance(AGAIN_MS);
  const familiesOf = async (sessionId: string): Promise<number> => {
    if (dynamoDb) return (await dynamoDb.items()).filter(({ pk }) => pk?.S === `RTID#${sessionId}`).length;
    const text = 'select generation from session.refresh_tokens where session_id = $1::uuid';
    return (await query(rig.service.database.adminUrl, text, [sessionId])).length;
  };

  it('returns another token, an access token for the audience, and the session', async () => {
    const { refreshToken, refreshTokenExpiresAt, session } = await create();
    expect(refreshToken).toMatch(/^ghr_[A-Za-z0-9_-]{92}$/);
    expect(refreshTokenExpiresAt).toEqual(new Date(clock.now().getTime() + 10 * DAY_MS));
    clock.advance(1_000);
    const refreshed = await refresh(refreshToken, rig, AUDIENCES[1]);
    expect(refreshed.refreshToken).toMatch(/^ghr_[A-Za-z0-9_-]{92}$/);
    expect(refreshed.refreshToken).not.toBe(refreshToken);
    expect(refreshed.refreshTokenExpiresAt).toEqual(refreshTokenExpiresAt);
    expect(refreshed.session).toEqual(validated(session).session);
    const { json } = await rig.keySet();
    expect(await verifyElsewhere(refreshed.accessToken, json, clock.now())).toMatchObject({
      aud: AUDIENCES[1],
      sub: session.userId,
      sid: session.sessionId,
    });
    expect(refreshed.accessTokenExpiresAt?.getTime()).toBeGreaterThan(clock.now().getTime());
  });

  it('goes on from token to token, on whichever instance', async () => {
    let { refreshToken } = await create();
    const seen = new Set([refreshToken]);
    for (let i = 0; i < 6; i++) {
      waitAgain();
      ({ refreshToken } = await refresh(refreshToken, i % 2 ? rig : other));
      seen.add(refreshToken);
    }
    expect(seen.size).toBe(7);
  });

  it('leaves its event, which names no token', async () => {
    const { refreshToken, session } = await create();
    const requestId = randomUUID();
    const refreshed = await rig.tokens.refreshSession({ refreshToken, audience: '', origin: ORIGIN }, { requestId });
    await refresh(refreshToken);
    const events = (await eventsOf(session.sessionId)).filter(({ eventType }) => eventType === 'session.refreshed');
    expect(events).toMatchObject([
      {
        requestId,
        userId: session.userId,
        actor: `user:${session.userId}`,
        peer: 'app/test',
        ipAddress: ORIGIN.ipAddress,
        attributes: { result: 'rotated', generation: '0' },
      },
      { attributes: { result: 'repeated', generation: '0' } },
    ]);
    const text = JSON.stringify(events);
    for (const token of [refreshToken, refreshed.refreshToken]) expect(text).not.toContain(token.slice(60, 90));
    const metrics = await rig.metrics();
    expect(metrics).toMatch(/session_refreshes_total\{.*result="rotated".*\} [1-9]/);
    expect(metrics).toMatch(/session_refreshes_total\{.*result="repeated".*\} [1-9]/);
  });

  it('gives all tabs that ask at once the same successor', async () => {
    const { refreshToken, session } = await create();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => refresh(refreshToken, i % 2 ? rig : other)));
    expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
    const events = await eventsOf(session.sessionId);
    expect(events.filter(({ attributes }) => attributes.result === 'rotated')).toHaveLength(1);
    await expect(rig.validate((await create()).sessionToken)).resolves.toBeDefined();
  });

  it('gives whoever has lost the answer the same one again, until the grace is over', async () => {
    const { refreshToken } = await create();
    const first = await refresh(refreshToken);
    for (const by of [rig, other]) expect((await refresh(refreshToken, by)).refreshToken).toBe(first.refreshToken);
    clock.advance(GRACE_MS);
    expect((await refresh(refreshToken, other)).refreshToken).toBe(first.refreshToken);
    clock.advance(ROTATION_SLACK_MS + 1);
    await expect(refresh(first.refreshToken)).resolves.toBeDefined();
  });

  it('returns a token that was issued a moment ago as it is, so that the retry of another tab is never too late', async () => {
    const { refreshToken } = await create();
    const { refreshToken: next } = await refresh(refreshToken);
    for (let i = 0; i < 5; i++) {
      expect((await refresh(next)).refreshToken).toBe(next);
      expect((await refresh(refreshToken)).refreshToken).toBe(next);
    }
    waitAgain();
    expect((await refresh(next)).refreshToken).not.toBe(next);
  });

  it('ends a session whose token comes back after the grace: everywhere, with its events, for everyone', async () => {
    const { refreshToken, session, sessionToken } = await create();
    const { refreshToken: next } = await refresh(refreshToken);
    for (const each of [rig, other]) await each.validate(sessionToken);
    waitAgain();
    await expect(refresh(refreshToken, rig)).rejects.toMatchObject(refusal('REFRESH_TOKEN_REUSED'));

    const revoked = { reason: 'SESSION_REVOKED', metadata: { revoked_reason: 'refresh_token_reused' } };
    await waitFor(() =>
      other.validate(sessionToken).then(
        () => false,
        () => true,
      ),
    );
    for (const each of [rig, other]) {
      await expect(each.validate(sessionToken)).rejects.toMatchObject(revoked);
      for (const token of [refreshToken, next]) await expect(refresh(token, each)).rejects.toMatchObject(revoked);
    }
    const events = (await eventsOf(session.sessionId)).filter(({ eventType }) => /revoked|reused/.test(eventType));
    expect(events.map(({ eventType, eventStatus, attributes }) => ({ eventType, eventStatus, attributes }))).toEqual([
      { eventType: 'session.revoked', eventStatus: 1, attributes: { revoked_reason: 'refresh_token_reused' } },
      { eventType: 'refresh_token.reused', eventStatus: 2, attributes: { generation: '0' } },
    ]);
    expect(await rig.metrics()).toMatch(/session_refresh_tokens_reused_total\{.*\} [1-9]/);
    await waitFor(async () => (await familiesOf(session.sessionId)) === 0);
  });

  it('ends it once, however many come back at the same time', async () => {
    const { refreshToken, session } = await create();
    await refresh(refreshToken);
    waitAgain();
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => refresh(refreshToken, i % 2 ? rig : other)),
    );
    for (const { status } of answers) expect(status).toBe('rejected');
    const events = await eventsOf(session.sessionId);
    for (const type of ['session.revoked', 'refresh_token.reused']) {
      expect(events.filter(({ eventType }) => eventType === type)).toHaveLength(1);
    }
  });

  it('ends it for a token of long ago, right after a rotation as well', async () => {
    const { refreshToken } = await create();
    const { refreshToken: second } = await refresh(refreshToken);
    waitAgain();
    await refresh(second);
    await expect(refresh(refreshToken)).rejects.toMatchObject(refusal('REFRESH_TOKEN_REUSED'));
  });

  it('is refused for a token that is tampered with or made up, and touches nothing', async () => {
    const { refreshToken, session, sessionToken } = await create();
    const { refreshToken: next } = await refresh(refreshToken);
    waitAgain();
    const body = Buffer.from(refreshToken.slice(4), 'base64url');
    body.writeUInt32BE(0, 17);
    body[40] = (body[40] ?? 0) ^ 1;
    const madeUp = `ghr_${body.toString('base64url')}`;
    for (const token of [tampered(refreshToken), madeUp, `ghr_${'A'.repeat(92)}`, 'nonsense', sessionToken]) {
      await expect(refresh(token)).rejects.toMatchObject(refusal('REFRESH_TOKEN_INVALID'));
    }
    await expect(rig.validate(sessionToken)).resolves.toBeDefined();
    expect((await eventsOf(session.sessionId)).filter(({ eventType }) => eventType === 'session.revoked')).toEqual([]);
    await expect(refresh(next)).resolves.toBeDefined();
  });

  it('is refused for a session that was revoked, has expired, or was not used for too long', async () => {
    const revoked = await create();
    await rig.operator.revokeSession({
      target: { $case: 'sessionId', value: revoked.session.sessionId },
      reason: RevokedReason.REVOKED_REASON_COMPROMISED,
    });
    await expect(refresh(revoked.refreshToken)).rejects.toMatchObject({
      ...refusal('SESSION_REVOKED'),
      metadata: { revoked_reason: 'compromised' },
    });
    const [short, idle] = [await create({ lifetimeSeconds: 3_600 }), await create({ idleTimeoutSeconds: 600 })];
    expect(short.refreshTokenExpiresAt).toEqual(short.session.expiresAt);
    clock.advance(3_600_000);
    await expect(refresh(short.refreshToken)).rejects.toMatchObject(refusal('SESSION_EXPIRED'));
    await expect(refresh(idle.refreshToken)).rejects.toMatchObject(refusal('SESSION_IDLE'));
  });

  it('is a use of the session, which so never becomes idle', async () => {
    const { session, ...made } = await create({ idleTimeoutSeconds: 600 });
    let { refreshToken } = made;
    for (const by of [rig, other, rig, other]) {
      clock.advance(400_000);
      ({ refreshToken } = await refresh(refreshToken, by));
      await waitFor(() => isWrittenAsUsed(session.sessionId));
    }
  });

  const isWrittenAsUsed = async (sessionId: string) => {
    const text = 'select last_activity_at as at from session.sessions where id = $1::uuid';
    const [row] = await query<{ at: Date }>(rig.service.database.adminUrl, text, [sessionId]);
    return row?.at.getTime() === clock.now().getTime();
  };

  it('is refused after the family has come to its end, although the session goes on', async () => {
    const { refreshToken, refreshTokenExpiresAt, sessionToken } = await create();
    clock.set(new Date((refreshTokenExpiresAt?.getTime() ?? 0) - 1));
    const { refreshToken: next } = await refresh(refreshToken);
    clock.advance(1);
    for (const token of [refreshToken, next]) {
      await expect(refresh(token)).rejects.toMatchObject(refusal('REFRESH_TOKEN_EXPIRED'));
    }
    await expect(rig.validate(sessionToken)).resolves.toBeDefined();
  });

  it('ends with the session at the latest, and later once that was extended', async () => {
    const { refreshToken, sessionToken, session } = await create({ lifetimeSeconds: 3_600 });
    const first = await refresh(refreshToken);
    expect(first.refreshTokenExpiresAt).toEqual(session.expiresAt);
    await rig.app.extendSession({ sessionToken, lifetimeSeconds: 7_200 });
    waitAgain();
    const second = await refresh(first.refreshToken);
    expect(second.refreshTokenExpiresAt?.getTime()).toBeGreaterThan(session.expiresAt?.getTime() ?? 0);
    expect(second.refreshTokenExpiresAt).toEqual(second.session?.expiresAt);
  });

  it('is refused for a token whose family or session is gone', async () => {
    const [lost, gone] = [await create(), await create()];
    const admin = rig.service.database.adminUrl;
    await query(admin, 'delete from session.sessions where id = $1::uuid', [gone.session.sessionId]);
    await expect(refresh(gone.refreshToken)).rejects.toMatchObject(refusal('REFRESH_TOKEN_INVALID'));
    if (store === 'dynamodb') return;
    await query(admin, 'delete from session.refresh_tokens where session_id = $1::uuid', [lost.session.sessionId]);
    await expect(refresh(lost.refreshToken)).rejects.toMatchObject(refusal('REFRESH_TOKEN_INVALID'));
    await expect(rig.validate(lost.sessionToken)).resolves.toBeDefined();
  });

  it('refuses an audience that is not allowed before it uses up anything', async () => {
    const { refreshToken } = await create();
    const wrong = { kind: 'invalid', reason: 'AUDIENCE_NOT_ALLOWED' };
    await expect(refresh(refreshToken, rig, 'elsewhere')).rejects.toMatchObject(wrong);
    waitAgain();
    await expect(refresh(refreshToken)).resolves.toBeDefined();
  });

  it('leaves an event for what was refused', async () => {
    const { session, refreshToken } = await create();
    await rig.operator.revokeSession({
      target: { $case: 'sessionId', value: session.sessionId },
      reason: RevokedReason.REVOKED_REASON_LOGOUT,
    });
    await expect(refresh(refreshToken)).rejects.toMatchObject(refusal('SESSION_REVOKED'));
    const event = await waitFor(async () =>
      (await eventsOf(session.sessionId)).find(({ eventType }) => eventType === 'refresh_token.refused'),
    );
    expect(event).toMatchObject({ attributes: { reason: 'SESSION_REVOKED' }, ipAddress: ORIGIN.ipAddress });
  });

  it('follows a session that is elevated: the new one has a token of its own, the old one is no good', async () => {
    const { refreshToken, sessionToken, session } = await create();
    const raise = { authenticationMethods: ['otp'], authenticationLevel: 2, origin: ORIGIN };
    const elevated = await rig.identity.elevateSession({ ...raise, sessionToken });
    expect(elevated.refreshTokenExpiresAt).toEqual(new Date(clock.now().getTime() + 10 * DAY_MS));
    await expect(refresh(refreshToken)).rejects.toMatchObject(refusal('SESSION_REVOKED'));
    const refreshed = await refresh(elevated.refreshToken);
    expect(refreshed.session).toMatchObject({ sessionId: elevated.session?.sessionId, authenticationLevel: 2 });
    await waitFor(async () => (await familiesOf(session.sessionId)) === 0);

    const without = await rig.identity.createSession({ ...REQUEST, userId: randomUUID() });
    expect([without.refreshToken, without.refreshTokenExpiresAt]).toEqual(['', undefined]);
    const raised = await rig.identity.elevateSession({ ...raise, sessionToken: without.sessionToken });
    expect([raised.refreshToken, raised.refreshTokenExpiresAt]).toEqual(['', undefined]);
  });

  it('is told by an introspection: of the token that may be used next, and of no other', async () => {
    const { refreshToken, session } = await create();
    const issuedAt = clock.now();
    expect(await rig.introspect(refreshToken)).toMatchObject({ active: true, sid: session.sessionId, iat: issuedAt });
    clock.advance(5_000);
    const { refreshToken: next, refreshTokenExpiresAt } = await refresh(refreshToken);
    expect(await other.introspect(next)).toMatchObject({
      active: true,
      sub: session.userId,
      iat: clock.now(),
      exp: refreshTokenExpiresAt,
    });
    for (const token of [refreshToken, tampered(next)]) expect((await rig.introspect(token)).active).toBe(false);
    // Asking has used up nothing.
    expect((await refresh(refreshToken)).refreshToken).toBe(next);
    clock.set(refreshTokenExpiresAt ?? clock.now());
    expect((await rig.introspect(next)).active).toBe(false);
  });

  it('takes a token that is newer than the store for the truth, as after a failover that has lost something', async () => {
    const { refreshToken, session, sessionToken } = await create();
    const [undo, second] = [await remember(session.sessionId), (await refresh(refreshToken)).refreshToken];
    waitAgain();
    const third = (await refresh(second)).refreshToken;
    await undo();
    const fourth = (await refresh(third)).refreshToken;
    for (const token of [second, third, fourth]) expect((await refresh(token)).refreshToken).toBe(fourth);
    const events = await eventsOf(session.sessionId);
    expect(events.filter(({ attributes }) => attributes.result === 'caught_up')).toHaveLength(1);
    expect(await rig.metrics()).toMatch(/session_refreshes_total\{.*result="caught_up".*\} 1/);
    await expect(rig.validate(sessionToken)).resolves.toBeDefined();
  });

  /** Answers a function that puts the family back to what it is now. */
  async function remember(sessionId: string): Promise<() => Promise<void>> {
    if (dynamoDb) {
      const item = (await dynamoDb.items()).find(({ pk }) => pk?.S === `RTID#${sessionId}`);
      return async () => dynamoDb?.put(item ?? {});
    }
    const admin = rig.service.database.adminUrl;
    const where = 'from session.refresh_tokens where session_id = $1::uuid';
    const [row] = await query<Record<string, unknown>>(admin, `select * ${where}`, [sessionId]);
    return async () => {
      const { generation, token_hash: hash, rotated_at: rotatedAt } = row ?? {};
      await query(
        admin,
        `update session.refresh_tokens set generation = $2::integer, token_hash = $3::bytea, rotated_at = $4::timestamptz
         where session_id = $1::uuid`,
        [sessionId, generation, hash, rotatedAt],
      );
    };
  }

  it('moves families to a new key of the ring, and retries find the successor that was committed', async () => {
    // The first is the one that tests have anyway; it has sealed the signing key of this database.
    const [first, second] = ['a key for tests', 'another key'].map(
      (text, index) => `${index + 1}:${Buffer.alloc(32, text).toString('base64url')}`,
    );
    const shared = { redis, clock, database: rig.service.database };
    const envOf = (ring: string) => ({ ...ENV, ...dynamoDb?.env, GATEHOUSE_SESSION_SECRET_KEYS: ring });
    const before = await startTokens({ ...shared, env: envOf(`${first},${second}`), instance: 'before' });
    const after = await startTokens({ ...shared, env: envOf(`${second},${first}`), instance: 'after' });
    try {
      const made = await before.identity.createSession({ ...REQUEST, userId: randomUUID(), withRefreshToken: true });
      const next = (await refresh(made.refreshToken, after)).refreshToken;
      expect([made.refreshToken, next].map(keyIdOf)).toEqual([1, 2]);
      for (const by of [before, after]) expect((await refresh(made.refreshToken, by)).refreshToken).toBe(next);
      waitAgain();
      expect(keyIdOf((await refresh(next, before)).refreshToken)).toBe(1);
    } finally {
      await before.stop();
      await after.stop();
    }
  });

  it.each(['edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, TokenServiceService);
    await expect(client.refreshSession({ refreshToken: 'any', audience: '', origin: ORIGIN })).rejects.toMatchObject({
      kind: 'denied',
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it('names a field of the caller that is wrong', async () => {
    const request = { refreshToken: 'any', audience: 'with space', origin: ORIGIN };
    await expect(rig.tokens.refreshSession(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: 'audience' })],
    });
  });

  it('is open to identity, applications and operators', async () => {
    for (const peer of ['identity', 'app/other', 'operator/cli']) {
      const { refreshToken } = await create();
      const client = rig.service.connectAs(peer, TokenServiceService);
      await expect(client.refreshSession({ refreshToken, audience: '', origin: ORIGIN })).resolves.toBeDefined();
    }
  });
});

describe('RefreshSession over a store that', () => {
  const ring = keyRing([{ id: 1, secret: Buffer.alloc(32, 1) }]);
  const now = new Date('2030-01-01T12:00:00Z');
  const owner = { sessionId: randomUUID(), userId: randomUUID(), expiresAtMs: now.getTime() + DAY_MS };
  const { token, family } = beginFamily(ring, {
    sessionId: owner.sessionId,
    secret: Buffer.alloc(32, 2),
    now,
    lifetimeMs: DAY_MS,
  });

  /** The handler, with a session that is good and families as they are told. */
  const handlerOver = (tokens: Partial<RefreshTokens>, transaction: () => Promise<never>) => {
    const deps = {
      clock: { now: () => now },
      writes: { run: transaction },
      events: { refreshTokenRefused: () => {} },
      validator: { validateById: async () => owner },
      accessTokens: { audience: () => 'any', issue: async () => ({ token: 'any', expiresAt: now }) },
      refresh: { ring, tokens, graceMs: GRACE_MS },
    } as unknown as Parameters<typeof refreshSession>[0];
    const call = { peer: { name: 'app/test', address: '127.0.0.1' }, signal: new AbortController().signal } as Call;
    return () => refreshSession(deps)({ refreshToken: token, audience: '', origin: ORIGIN }, call);
  };
  const conflict = { kind: 'conflict', reason: 'REFRESH_CONFLICT' };

  it('always finds another one quicker is given up after some attempts', async () => {
    const swap = vi.fn(async () => false);
    const refresh = handlerOver({ find: async () => family, swap }, () => expect.fail('Nothing is written.'));
    await expect(refresh()).rejects.toMatchObject(conflict);
    expect(swap).toHaveBeenCalledTimes(4);
  });

  it('took too long to tell ends no session: others may have gone on meanwhile', async () => {
    const stale = { ...family, generation: 7, rotatedAt: now };
    const find = async () => {
      const later = performance.now() + ROTATION_SLACK_MS + 1;
      vi.spyOn(performance, 'now').mockReturnValue(later);
      return stale;
    };
    const refresh = handlerOver({ find }, () => expect.fail('Nothing is written.'));
    await expect(refresh()).rejects.toMatchObject(conflict);
    vi.restoreAllMocks();
  });
});

function keyIdOf(token: string): number {
  return Buffer.from(token.slice(4), 'base64url').readUInt8(0);
}
