import { Freshness, RevokedReason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import {
  areWell,
  createTestDatabase,
  type RedisInstance,
  startRedis,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { rounds } from '@gatehouse/testing/chance';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StartedSession, startSession } from '../harness.ts';
import { startBehindProxy } from './instance.ts';

const { FRESHNESS_STRICT } = Freshness;
const REASON = RevokedReason.REVOKED_REASON_LOGOUT;
const ROUNDS = rounds(40, 8);
const REVOKED = new Set(['SESSION_REVOKED']);
/** A search that looks at nothing. */
const ANY = {
  userId: '',
  ipNetwork: '',
  countryCode: '',
  deviceFingerprint: '',
  userAgentContains: '',
  createdFrom: undefined,
  createdBefore: undefined,
  inactiveSince: undefined,
};
const ALL = { maxSessions: 0, pageToken: '' };

let redis: RedisInstance;
let database: TestDatabase;
let proxy: TcpProxy;
/** Has lost its Redis, and revokes. */
let afflicted: StartedSession;
/** Have theirs, and hold in memory what is revoked. */
let sound: StartedSession[];

beforeEach(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('session')]);
  proxy = await startTcpProxy({ target: redis });
  afflicted = await startBehindProxy(proxy, { redis, database, instance: 'afflicted' });
  sound = [
    await startSession({ redis, database, instance: 'one' }),
    await startSession({ redis, database, instance: 'two' }),
  ];
  await waitFor(() => areWell([afflicted, ...sound]));
  proxy.stall();
  proxy.drop();
  await waitFor(async () => !(await areWell([afflicted])));
});
afterEach(async () => {
  proxy.resume();
  await Promise.all([afflicted, ...sound].map((each) => each.stop()));
  await proxy.stop();
  await Promise.all([redis.stop(), database.drop()]);
});

/** What the instances that have Redis say of each token under STRICT. */
function verdicts(tokens: readonly string[]): Promise<string[]> {
  return Promise.all(
    tokens.flatMap((token) =>
      sound.map((each) =>
        each.validate(token, FRESHNESS_STRICT).then(
          () => 'accepted',
          ({ reason }: { reason?: string }) => String(reason),
        ),
      ),
    ),
  );
}

/** Sessions of one user, which every instance with Redis knows. */
async function known(count: number) {
  const [first] = sound;
  const { sessionToken, session } = (await first?.create()) ?? expect.unreachable();
  const more = await Promise.all(
    Array.from({ length: count - 1 }, () => first?.create(session.userId) ?? expect.unreachable()),
  );
  const tokens = [sessionToken, ...more.map((each) => each.sessionToken)];
  expect(new Set(await verdicts(tokens))).toEqual(new Set(['accepted']));
  return { userId: session.userId, tokens };
}

describe('an instance that has lost its Redis, while others have not', () => {
  it('answers a revocation only when no other instance accepts the session any more', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { tokens } = await known(1);
      const [sessionToken = ''] = tokens;
      await afflicted.app.revokeSession({ target: { $case: 'sessionToken', value: sessionToken }, reason: REASON });
      expect(new Set(await verdicts(tokens))).toEqual(REVOKED);
    }
  });

  it('does so for all sessions of a user, for those that a search finds, and for one that is replaced', async () => {
    const [all, found, replaced] = [await known(3), await known(3), await known(1)];
    const { operator, identity } = afflicted;
    await operator.revokeUserSessions({ userId: all.userId, reason: REASON });
    expect(new Set(await verdicts(all.tokens))).toEqual(REVOKED);
    await operator.revokeFoundSessions({ search: { ...ANY, userId: found.userId }, reason: REASON, ...ALL });
    expect(new Set(await verdicts(found.tokens))).toEqual(REVOKED);
    const [sessionToken = ''] = replaced.tokens;
    const raise = { authenticationMethods: ['otp'], authenticationLevel: 2, origin: undefined };
    await identity.elevateSession({ sessionToken, ...raise });
    expect(new Set(await verdicts(replaced.tokens))).toEqual(REVOKED);
  });
});
