import { randomBytes, randomUUID } from 'node:crypto';
import {
  Freshness,
  RevokedReason,
  SessionServiceService,
  type SessionValidation,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { fakeClock, lendRedis, outboxEvents, startPostgres, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatConsistencyToken } from '../src/domain/consistency.ts';
import { STEADY, type StartedSession, startSession, tampered, untilSteady, validated } from './harness.ts';
import { privateDatabase } from './private-database.ts';

const { FRESHNESS_STRICT, FRESHNESS_BOUNDED } = Freshness;
const { REVOKED_REASON_UNSPECIFIED, REVOKED_REASON_LOGOUT } = RevokedReason;
const clock = fakeClock();
let rig: StartedSession;

beforeAll(async () => {
  rig = await startSession({ clock, env: STEADY });
  await untilSteady(rig);
});
afterAll(() => rig.stop());

const request = (sessionTokens: string[], freshness: Freshness = FRESHNESS_BOUNDED, consistencyToken = '') => ({
  sessionTokens,
  freshness,
  consistencyToken,
});
const ask = async (...args: Parameters<typeof request>) =>
  (await rig.app.batchValidateSessions(request(...args))).results.map(({ result }) => result);
const refusal = (reason: string, revokedReason: RevokedReason = REVOKED_REASON_UNSPECIFIED, retryable = false) => ({
  $case: 'refusal',
  value: { reason, retryable, revokedReason },
});
const createMany = (count: number) => Promise.all(Array.from({ length: count }, () => rig.create()));
const revoke = (value: string) =>
  rig.app.revokeSession({ target: { $case: 'sessionToken', value }, reason: REVOKED_REASON_LOGOUT });
const nobody = () => `ghs_${randomBytes(42).toString('base64url')}`;

describe('BatchValidateSessions', () => {
  it.each([
    ['bounded', FRESHNESS_BOUNDED],
    ['strict', FRESHNESS_STRICT],
    ['unspecified', Freshness.FRESHNESS_UNSPECIFIED],
  ])('has a result for each token, in their order, whatever it is (%s)', async (_name, freshness) => {
    const sessions = await createMany(120);
    const [ended, idle] = [await rig.create(undefined, 60), await rig.create()];
    await revoke(idle.sessionToken);
    const good = sessions.map(({ session }) => ({ $case: 'session', value: validated(session).session }));
    const tokens = sessions.map(({ sessionToken }) => sessionToken);
    tokens.splice(7, 0, tampered(sessions[0]?.sessionToken ?? ''), 'nonsense', nobody());
    const expected = good.slice() as unknown[];
    expected.splice(7, 0, ...Array(3).fill(refusal('SESSION_TOKEN_INVALID')));
    tokens.push(idle.sessionToken, ended.sessionToken);
    expected.push(refusal('SESSION_REVOKED', REVOKED_REASON_LOGOUT), refusal('SESSION_EXPIRED'));
    clock.advance(60_000);
    for (let time = 0; time < 3; time += 1) expect(await ask(tokens, freshness)).toEqual(expected);
  });

  it('answers a token that is there twice in both places, and asks for it once', async () => {
    const [one, two] = [await rig.create(), await rig.create()];
    await rig.service.redis.flush();
    await waitFor(async () => (await rig.metrics()).includes('cache_redis_trusted{service="session"} 1'));
    const tokens = [one, two, one, one].map(({ sessionToken }) => sessionToken);
    const ids = (await ask(tokens, FRESHNESS_STRICT)).map((result) =>
      result?.$case === 'session' ? result.value.sessionId : '',
    );
    expect(ids).toEqual([one, two, one, one].map(({ session }) => session.sessionId));
    const lookups = async () =>
      Number(/cache_lookup_seconds_count\{[^}]*layer="l2"[^}]*\} (\d+)/.exec(await rig.metrics())?.[1]);
    const before = await lookups();
    await ask(Array(500).fill(one.sessionToken), FRESHNESS_STRICT);
    expect(await lookups()).toBe(before + 1);
  });

  it('refuses a token without a result that could be taken for a good one', async () => {
    for (const result of await ask([nobody(), 'ghs_', 'x'.repeat(256)])) {
      expect(result).toEqual(refusal('SESSION_TOKEN_INVALID'));
    }
  });

  it('takes a consistency token into account for each session that it speaks of', async () => {
    const userId = randomUUID();
    const sessions = [await rig.create(userId), await rig.create()];
    const tokens = sessions.map(({ sessionToken }) => sessionToken);
    const id = sessions[0]?.session.sessionId ?? '';
    await ask(tokens);
    // A version that is yet to come is asked of Postgres, whose word is final.
    for (const change of [
      { of: 'session', sessionId: id, version: 9n } as const,
      { of: 'user', userId } as const,
      { of: 'anybody' } as const,
    ]) {
      const results = await ask(tokens, FRESHNESS_BOUNDED, formatConsistencyToken(change));
      expect(results.map((result) => result?.$case)).toEqual(['session', 'session']);
    }
    await expect(rig.app.batchValidateSessions(request(tokens, FRESHNESS_BOUNDED, 'nonsense'))).rejects.toMatchObject({
      kind: 'invalid',
      reason: 'CONSISTENCY_TOKEN_INVALID',
    });
  });

  it('counts each result, and notes each refusal of a session in the audit trail with its reason', async () => {
    const { sessionToken } = await rig.create();
    const count = async (result: string) =>
      Number(
        new RegExp(`session_decisions_total\\{[^}]*at="service",result="${result}"[^}]*\\} (\\d+)`).exec(
          await rig.metrics(),
        )?.[1] ?? 0,
      );
    const before = [await count('OK'), await count('SESSION_TOKEN_INVALID')] as const;
    const requestId = '0b2bb1b4-5b0b-4c1c-9d55-1b2ef4f7ab02';
    const ended = [await rig.create(undefined, 60), await rig.create(undefined, 60)] as const;
    clock.advance(60_000);
    const tokens = [sessionToken, tampered(sessionToken), sessionToken, 'nonsense'];
    tokens.push(...ended.map((each) => each.sessionToken));
    await rig.app.batchValidateSessions(request(tokens), { requestId });
    expect([await count('OK'), await count('SESSION_TOKEN_INVALID')]).toEqual([before[0] + 2, before[1] + 2]);
    const events = await waitFor(async () => {
      const noted = (await outboxEvents(rig.service)).filter((each) => each.requestId === requestId);
      return noted.length === 2 ? noted : undefined;
    });
    expect(events.map(({ sessionId }) => sessionId).sort()).toEqual(ended.map((each) => each.session.sessionId).sort());
    for (const event of events) {
      expect(event).toMatchObject({ eventType: 'session.refused', attributes: { reason: 'SESSION_EXPIRED' } });
    }
  });

  it('holds what it is asked to its limits', async () => {
    for (const tokens of [[], Array(501).fill('x')]) {
      await expect(rig.app.batchValidateSessions(request(tokens))).rejects.toMatchObject({
        reason: 'FIELD_INVALID',
        fields: [expect.objectContaining({ field: expect.stringContaining('session_tokens') })],
      });
    }
  });

  it('is refused to a peer that may not read sessions', async () => {
    const stranger = rig.service.connectAs('stranger', SessionServiceService);
    await expect(stranger.batchValidateSessions(request(['x']))).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });
});

describe('BatchValidateSessions, when a store does not answer', () => {
  it('says of which tokens nobody can tell, and answers the others', async () => {
    const [postgres, redis] = await Promise.all([startPostgres(), lendRedis()]);
    const rig = await startSession({ redis, database: await privateDatabase(postgres) });
    const [cached, evicted] = [await rig.create(), await rig.create()];
    await waitFor(async () => (await rig.metrics()).includes('cache_redis_trusted{service="session"} 1'));
    await postgres.pause();
    await redis.flush();
    await rig.app.validateSession({ ...request([]), sessionToken: cached.sessionToken }).catch(() => {});
    const tokens = [cached.sessionToken, nobody(), 'nonsense', evicted.sessionToken];
    // The answer leaves a moment before the deadline, which a busy machine can miss: then the call itself is too late.
    const results = await waitFor(() =>
      rig.app.batchValidateSessions(request(tokens, FRESHNESS_STRICT), { deadlineMs: Date.now() + 1_000 }).then(
        (answer) => answer.results,
        (error: { kind?: string }) => {
          if (error.kind !== 'deadline') throw error;
        },
      ),
    );
    const timeUp = { result: refusal('DEADLINE_EXCEEDED', REVOKED_REASON_UNSPECIFIED, true) } as SessionValidation;
    expect(results).toEqual([timeUp, timeUp, { result: refusal('SESSION_TOKEN_INVALID') }, timeUp]);
    await postgres.resume();
    await postgres.stop('immediate').catch(() => {});
    await waitFor(async () => {
      const again = await rig.app.batchValidateSessions(request(tokens, FRESHNESS_STRICT));
      return again.results.every(
        ({ result }) => result?.$case === 'refusal' && result.value.reason !== 'DEADLINE_EXCEEDED',
      );
    });
    const { results: last } = await rig.app.batchValidateSessions(request(tokens, FRESHNESS_STRICT));
    const down = { result: refusal('POSTGRES_UNAVAILABLE', REVOKED_REASON_UNSPECIFIED, true) };
    expect(last).toEqual([down, down, { result: refusal('SESSION_TOKEN_INVALID') }, down]);
    expect(await rig.metrics()).toMatch(/session_decisions_total\{[^}]*result="POSTGRES_UNAVAILABLE"[^}]*\} [3-9]/);
    await rig.stop();
    await redis.stop();
  });
});
