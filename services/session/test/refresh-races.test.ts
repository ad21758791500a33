import { randomUUID } from 'node:crypto';
import { isFailure } from '@gatehouse/failure';
import { type FakeClock, fakeClock, type LentRedis, lendRedis, outboxEvents } from '@gatehouse/testing';
import { propertyRuns } from '@gatehouse/testing/chance';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROTATION_SLACK_MS } from '../src/domain/refresh-family.ts';
import { ORIGIN, REQUEST } from './harness.ts';
import { type StartedTokens, startTokens } from './token-rig.ts';

const GRACE_MS = 30_000;
const AGAIN_MS = GRACE_MS + ROTATION_SLACK_MS + 1;
const RUNS = 15;

/** What all tabs of a client do at the same time, and how much time passes then. */
interface Round {
  readonly tabs: readonly Tab[];
  readonly thenMs: number;
}

interface Tab {
  /** Sends once more what was sent in the round before, as if it had not heard of the answer. */
  readonly retries: boolean;
  readonly otherInstance: boolean;
  /** The answer gets lost: it is not read, or the call is given up after this many milliseconds. */
  readonly fate: 'arrives' | 'is lost' | 'is given up';
  readonly givenUpAfterMs: number;
}

const tab: fc.Arbitrary<Tab> = fc.record({
  retries: fc.boolean(),
  otherInstance: fc.boolean(),
  fate: fc.constantFrom('arrives' as const, 'is lost' as const, 'is given up' as const),
  givenUpAfterMs: fc.integer({ min: 0, max: 12 }),
});
const round: fc.Arbitrary<Round> = fc.record({
  tabs: fc.array(tab, { minLength: 1, maxLength: 8 }),
  thenMs: fc.constantFrom(0, 1_000, GRACE_MS / 2, GRACE_MS, AGAIN_MS, 2 * AGAIN_MS),
});

let rig: StartedTokens;
let other: StartedTokens;
let redis: LentRedis;
let clock: FakeClock;

beforeAll(async () => {
  clock = fakeClock(new Date());
  redis = await lendRedis();
  const env = {
    GATEHOUSE_SESSION_REFRESH_GRACE_SECONDS: String(GRACE_MS / 1000),
    GATEHOUSE_SESSION_IDLE_TIMEOUT_SECONDS: '0',
  };
  rig = await startTokens({ redis, clock, env });
  other = await startTokens({ redis, clock, env, database: rig.service.database, instance: 'other' });
});
afterAll(async () => {
  await other.stop();
  await rig.stop();
  await redis.stop();
});

describe('tabs that refresh at the same time over two instances, with answers that get lost', () => {
  it('never end their session, and a token that comes back after all does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 3, maxLength: 8, size: 'max' }), async (rounds) => {
        const made = await rig.identity.createSession({ ...REQUEST, userId: randomUUID(), withRefreshToken: true });
        const { spent, jar } = await play(made.refreshToken, rounds);
        clock.advance(AGAIN_MS);
        const { refreshToken } = await refresh(jar, rig);
        expect(refreshToken).not.toBe(jar);
        clock.advance(AGAIN_MS);
        await expect(refresh(spent, other)).rejects.toMatchObject({ reason: 'REFRESH_TOKEN_REUSED' });
        const events = (await outboxEvents(rig.service)).filter(
          ({ sessionId, eventType }) => sessionId === made.session?.sessionId && eventType === 'session.revoked',
        );
        expect(events).toHaveLength(1);
      }),
      propertyRuns(RUNS),
    );
  });
});

/** Plays the rounds of one client. Rejects when one of its calls is refused, which none may be. */
async function play(first: string, rounds: readonly Round[]): Promise<{ spent: string; jar: string }> {
  let jar = first;
  let before = first;
  /** When each token was first sent; from then on it may be used up. */
  const sentMs = new Map<string, number>();
  for (const { tabs, thenMs } of rounds) {
    const nowMs = clock.now().getTime();
    const inTime = (token: string) => nowMs <= (sentMs.get(token) ?? nowMs) + GRACE_MS;
    const sent = tabs.map(({ retries }) => (retries && inTime(before) ? before : jar));
    for (const token of sent) if (!sentMs.has(token)) sentMs.set(token, nowMs);
    const answers = await Promise.all(tabs.map((each, index) => send(each, sent[index] ?? jar)));
    before = jar;
    const received = new Set(answers.filter((token) => token !== undefined));
    expect(received.size).toBeLessThanOrEqual(1);
    for (const token of received) jar = token;
    // Whoever has lost every answer tries again before time passes that it can't have back.
    if (sentMs.has(jar)) jar = (await refresh(jar, rig)).refreshToken;
    clock.advance(thenMs);
  }
  return { spent: first, jar };
}

/** What a tab receives; undefined when its answer gets lost. */
async function send({ otherInstance, fate, givenUpAfterMs }: Tab, token: string): Promise<string | undefined> {
  const by = otherInstance ? other : rig;
  try {
    const signal = fate === 'is given up' ? AbortSignal.timeout(givenUpAfterMs) : undefined;
    const { refreshToken } = await refresh(token, by, signal);
    return fate === 'arrives' ? refreshToken : undefined;
  } catch (error) {
    if (fate === 'is given up' && isFailure(error, 'CANCELLED')) return undefined;
    if (isFailure(error, 'REFRESH_CONFLICT')) return undefined;
    throw error;
  }
}

function refresh(refreshToken: string, by: StartedTokens, signal?: AbortSignal) {
  const request = { refreshToken, audience: '', origin: ORIGIN };
  return by.tokens.refreshSession(request, signal ? { signal } : {});
}
