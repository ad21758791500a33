import { randomUUID } from 'node:crypto';
import { isFailure } from '@gatehouse/failure';
import {
  Freshness,
  RevokedReason,
  SessionServiceService,
  type SessionValidation,
  type StreamValidateSessionsRequest,
  type StreamValidateSessionsResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Bidi, bidiClient, type RedisInstance, startRedis, waitFor } from '@gatehouse/testing';
import { rounds } from '@gatehouse/testing/chance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedSession, startSession } from './harness.ts';

const ROUNDS = rounds(2_000);
/** Rounds that are under way at once. */
const AT_ONCE = 8;
const { FRESHNESS_BOUNDED, FRESHNESS_STRICT } = Freshness;
const { REVOKED_REASON_ADMINISTRATIVE } = RevokedReason;
let redis: RedisInstance;
let a: StartedSession;
let b: StartedSession;
let asked: Awaited<ReturnType<typeof bidiClient>>;

beforeAll(async () => {
  redis = await startRedis();
  a = await startSession({ redis, instance: 'a' });
  b = await startSession({ redis, database: a.service.database, instance: 'b' });
  asked = await bidiClient(b.service, 'app/test');
});
afterAll(async () => {
  asked.close();
  await b.stop();
  await a.stop();
  await redis.stop();
});

/** What a validation says: when the session ends, or why it is refused. */
type Verdict = number | string;

function verdictOf({ result }: SessionValidation): Verdict {
  if (result?.$case === 'session') return result.value.expiresAt?.getTime() ?? 0;
  return result?.value.reason ?? 'nothing';
}

/** One of the ways in which a service can ask. */
type Way = (sessionToken: string, freshness: Freshness, consistencyToken: string) => Promise<Verdict>;

const single: Way = async (sessionToken, freshness, consistencyToken) => {
  try {
    const { session } = await b.app.validateSession({ sessionToken, freshness, consistencyToken });
    return session?.expiresAt?.getTime() ?? 0;
  } catch (error) {
    if (isFailure(error)) return error.reason;
    throw error;
  }
};
const batch: Way = async (sessionToken, freshness, consistencyToken) => {
  const request = { sessionTokens: [sessionToken, 'nonsense', sessionToken], freshness, consistencyToken };
  const { results } = await b.app.batchValidateSessions(request);
  const [first, , third] = results.map(verdictOf);
  expect(third).toBe(first);
  return first ?? 'nothing';
};

type Stream = Bidi<StreamValidateSessionsRequest, StreamValidateSessionsResponse>;

/** Asks on a stream of its own, one question at a time. */
function onStream(stream: Stream): Way {
  return async (sessionToken, freshness, consistencyToken) => {
    const before = stream.responses.length;
    stream.send({ sessionToken, freshness, consistencyToken });
    return verdictOf(await waitFor(() => stream.responses[before], { everyMs: 1 }));
  };
}

/** A change on instance A, and what B has to say from then on. */
const changes = [
  async (sessionToken: string) => {
    const target = { $case: 'sessionToken' as const, value: sessionToken };
    const { consistencyToken } = await a.app.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT });
    return { consistencyToken, verdict: 'SESSION_REVOKED' as Verdict };
  },
  async (sessionToken: string) => {
    const { session, consistencyToken } = await a.app.extendSession({ sessionToken, lifetimeSeconds: 7_200 });
    return { consistencyToken, verdict: session?.expiresAt?.getTime() ?? 0 };
  },
  async (_sessionToken: string, userId: string) => {
    const { consistencyToken } = await a.operator.revokeUserSessions({ userId, reason: REVOKED_REASON_ADMINISTRATIVE });
    return { consistencyToken, verdict: 'SESSION_REVOKED' as Verdict };
  },
  async (_sessionToken: string, userId: string) => {
    const { sessionToken: another } = await a.create(userId);
    const reason = REVOKED_REASON_ADMINISTRATIVE;
    const { consistencyToken } = await a.app.revokeOtherSessions({ sessionToken: another, reason });
    return { consistencyToken, verdict: 'SESSION_REVOKED' as Verdict };
  },
];

describe('a validation that carries a consistency token', () => {
  it(`is never answered from before the change, in ${ROUNDS} rounds on two instances`, async () => {
    let begun = 0;
    const stale: string[] = [];
    const work = async () => {
      const ways = [single, batch, onStream(asked.open(SessionServiceService.streamValidateSessions))];
      while (begun < ROUNDS) {
        const round = begun++;
        const way = ways[round % ways.length] as Way;
        const freshness = round % 2 ? FRESHNESS_STRICT : FRESHNESS_BOUNDED;
        const change = changes[Math.floor(round / 6) % changes.length] as (typeof changes)[number];
        const userId = randomUUID();
        const { sessionToken, session } = await a.create(userId, 3_600);
        // B knows it, in memory.
        expect(await way(sessionToken, FRESHNESS_BOUNDED, '')).toBe(session.expiresAt?.getTime());
        const { consistencyToken, verdict } = await change(sessionToken, userId);
        const answer = await way(sessionToken, freshness, consistencyToken);
        if (answer !== verdict) stale.push(`round ${round}: ${answer} instead of ${verdict}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    expect(stale).toEqual([]);
  });

  it('without one is answered from before the change for no longer than the bound', async () => {
    const boundMs = 1_000;
    for (let round = 0; round < 20; round += 1) {
      const { sessionToken } = await a.create();
      await single(sessionToken, FRESHNESS_BOUNDED, '');
      const target = { $case: 'sessionToken' as const, value: sessionToken };
      await a.app.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT });
      const revokedAtMs = performance.now();
      let askedAtMs = revokedAtMs;
      await waitFor(
        async () => {
          askedAtMs = performance.now();
          return (await single(sessionToken, FRESHNESS_BOUNDED, '')) === 'SESSION_REVOKED';
        },
        { everyMs: 1 },
      );
      expect(askedAtMs - revokedAtMs).toBeLessThanOrEqual(boundMs);
      // Whoever asks strictly has no need of a token.
      expect(await single(sessionToken, FRESHNESS_STRICT, '')).toBe('SESSION_REVOKED');
    }
  });

  it('of a change while Redis was away is answered by Postgres', async () => {
    const { sessionToken, session } = await a.create();
    await single(sessionToken, FRESHNESS_BOUNDED, '');
    await redis.pause();
    const target = { $case: 'sessionId' as const, value: session.sessionId };
    const { consistencyToken } = await a.operator.revokeSession({ target, reason: REVOKED_REASON_ADMINISTRATIVE });
    for (const freshness of [FRESHNESS_BOUNDED, FRESHNESS_STRICT]) {
      expect(await single(sessionToken, freshness, consistencyToken)).toBe('SESSION_REVOKED');
      expect(await batch(sessionToken, freshness, consistencyToken)).toBe('SESSION_REVOKED');
    }
    await redis.resume();
    expect(await single(sessionToken, FRESHNESS_BOUNDED, consistencyToken)).toBe('SESSION_REVOKED');
  });
});
