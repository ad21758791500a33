import { randomUUID } from 'node:crypto';
import { isFailure } from '@gatehouse/failure';
import {
  type FailoverPair,
  type FakeClock,
  fakeClock,
  outboxEvents,
  type RedisInstance,
  startFailoverPair,
  startRedis,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { query } from '@gatehouse/testing/sql';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ROTATION_SLACK_MS } from '../../src/domain/refresh-family.ts';
import { ORIGIN, REQUEST } from '../harness.ts';
import { type StartedTokens, startTokens } from '../token-rig.ts';

const GRACE_MS = 30_000;
const AGAIN_MS = GRACE_MS + ROTATION_SLACK_MS + 1;
const CLIENTS = 8;
const TABS = 3;

let clock: FakeClock;
let redis: RedisInstance;
let pair: FailoverPair;
let instances: StartedTokens[];

beforeEach(async () => {
  clock = fakeClock(new Date());
  [pair, redis] = await Promise.all([startFailoverPair('session'), startRedis()]);
  const env = {
    GATEHOUSE_SESSION_REFRESH_GRACE_SECONDS: String(GRACE_MS / 1000),
    GATEHOUSE_SESSION_IDLE_TIMEOUT_SECONDS: '0',
  };
  const shared = { clock, redis, env, database: pair.database };
  instances = await Promise.all([startTokens(shared), startTokens({ ...shared, instance: 'other' })]);
});
afterEach(async () => {
  await Promise.all(instances.map((each) => each.stop()));
  await Promise.all([pair.stop(), redis.stop()]);
});

/** A user agent whose tabs share the token that was received last. */
interface Client {
  readonly sessionToken: string;
  token: string;
  /** The one that `token` is the successor of. */
  before: string;
}

describeWith('postgres', 'Postgres that fails over during refreshes', () => {
  it('with a synchronous standby loses no token that was acknowledged, and no session', async () => {
    await pair.synchronise();
    const clients = await signIn();
    for (let i = 0; i < 2; i++) await refreshAll(clients);

    let acknowledged = 0;
    let isOver = false;
    const refreshing = refreshAll(clients, () => {
      acknowledged += 1;
      return isOver;
    });
    await waitFor(() => acknowledged >= CLIENTS / 2, { everyMs: 1 });
    await failOver();
    const before = acknowledged;
    await waitFor(() => acknowledged > before + CLIENTS);
    isOver = true;
    await refreshing;

    for (let i = 0; i < 3; i++) await refreshAll(clients);
    for (const { sessionToken } of clients) await instances[0]?.validate(sessionToken);
    expect(await results()).toMatchObject({ caughtUp: 0, reused: 0, revoked: 0 });
  });

  it.each([
    ['one rotation', 1],
    ['several rotations', 3],
  ])(
    'with an asynchronous standby that has lost %s accepts every token that was acknowledged, and revokes nothing',
    async (_what, lost) => {
      const clients = await signIn();
      await refreshAll(clients);
      await waitFor(pair.standbyHasAll);
      pair.link.stall();
      for (let i = 0; i < lost; i++) await refreshAll(clients);
      await failOver();
      const known = new Map((await familyGenerations()).map(({ session_id: id, generation }) => [id, generation]));
      expect([...known.values()]).toEqual(Array(CLIENTS).fill(1));

      // Some tabs go on with what they have received, and others have lost that answer and ask once more.
      const answers = await Promise.all(
        clients.map((client) =>
          Promise.all([client.token, client.before, client.token, client.before].map((token, i) => answered(token, i))),
        ),
      );
      for (const [index, tokens] of answers.entries()) {
        const [client, [token = '']] = [clients[index] as Client, tokens];
        expect(new Set(tokens).size).toBe(1);
        Object.assign(client, { token, before: client.token });
      }
      for (let i = 0; i < 2; i++) await refreshAll(clients);
      for (const { sessionToken } of clients) await instances[0]?.validate(sessionToken);
      const { caughtUp, ...others } = await results();
      expect(others).toEqual({ reused: 0, revoked: 0 });
      expect(caughtUp).toBeGreaterThan(0);
      // A real reuse is still one.
      const [{ before = '' } = {}] = clients;
      clock.advance(AGAIN_MS);
      await expect(refresh(before, 0)).rejects.toMatchObject({ reason: 'REFRESH_TOKEN_REUSED' });
    },
  );
});

async function signIn(): Promise<Client[]> {
  return Promise.all(
    Array.from({ length: CLIENTS }, async (_, index) => {
      const identity = instances[index % instances.length]?.identity;
      const made = await identity?.createSession({ ...REQUEST, userId: randomUUID(), withRefreshToken: true });
      if (!made) throw new Error('There is no instance.');
      return { sessionToken: made.sessionToken, token: made.refreshToken, before: made.refreshToken };
    }),
  );
}

/**
 * All tabs of all clients refresh at once, some time after the last rotation, until they have an answer and `isOver` says
 * so at it. Each client ends up with one new token.
 */
async function refreshAll(clients: readonly Client[], isOver: () => boolean = () => true): Promise<void> {
  clock.advance(AGAIN_MS);
  const goOn = async (token: string, tab: number) => {
    const answers: string[] = [];
    do answers.push(await answered(token, tab));
    while (!isOver());
    return answers;
  };
  await Promise.all(
    clients.map(async (client) => {
      const before = client.token;
      const answers = await Promise.all(Array.from({ length: TABS }, (_, tab) => goOn(before, tab)));
      const tokens = new Set(answers.flat());
      expect(tokens.size).toBe(1);
      const [token = before] = tokens;
      expect(token).not.toBe(before);
      Object.assign(client, { before, token });
    }),
  );
}

/** The successor of a token, asked for until somebody answers. A refusal rejects at once: none is expected. */
async function answered(token: string, tab: number): Promise<string> {
  let refusal: unknown;
  const successor = await waitFor(async () => {
    try {
      return (await refresh(token, tab)).refreshToken;
    } catch (error) {
      if (isFailure(error) && ['unavailable', 'deadline', 'cancelled', 'conflict'].includes(error.kind)) throw error;
      refusal = error;
      return 'refused';
    }
  });
  if (refusal) throw refusal;
  return successor;
}

function refresh(refreshToken: string, tab: number) {
  const by = instances[tab % instances.length] as StartedTokens;
  return by.tokens.refreshSession({ refreshToken, audience: '', origin: ORIGIN });
}

/** The primary dies without a word, its standby takes over, and the service is led there. */
async function failOver(): Promise<void> {
  await pair.killPrimary();
  await pair.promote();
}

/** What has come of refreshes, as the server says that is the primary now. */
async function results(): Promise<{ caughtUp: number; reused: number; revoked: number }> {
  const database = { adminUrl: pair.standbyUrl } as TestDatabase;
  const events = await outboxEvents({ name: 'session', database });
  const count = (type: string, result?: string) =>
    events.filter((event) => event.eventType === type && (!result || event.attributes.result === result)).length;
  return {
    caughtUp: count('session.refreshed', 'caught_up'),
    reused: count('refresh_token.reused'),
    revoked: count('session.revoked'),
  };
}

function familyGenerations() {
  return query<{ session_id: string; generation: number }>(
    pair.standbyUrl,
    'select session_id, generation from session.refresh_tokens',
  );
}
