import {
  Freshness,
  RevokedReason,
  SessionServiceService,
  type WatchSessionsResponse,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import {
  areWell,
  type Bidi,
  bidiClient,
  type FailoverPair,
  type RedisInstance,
  startFailoverPair,
  startRedis,
  waitFor,
} from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type StartedSession, startSession } from '../harness.ts';

const { FRESHNESS_BOUNDED, FRESHNESS_STRICT } = Freshness;
const WAYS = [FRESHNESS_BOUNDED, FRESHNESS_STRICT];
const HOUR_SECONDS = 3_600;
/** Lifetimes in seconds, each longer than the one before: each makes a version. */
const EXTENSIONS = [7_200, 10_800, 14_400];

let redis: RedisInstance;
let pair: FailoverPair;
let instances: [StartedSession, StartedSession];

beforeAll(async () => {
  [pair, redis] = await Promise.all([startFailoverPair('session'), startRedis()]);
  const shared = { redis, database: pair.database, env: { GATEHOUSE_SESSION_IDLE_TIMEOUT_SECONDS: '0' } };
  instances = [await startSession({ ...shared, instance: 'one' }), await startSession({ ...shared, instance: 'two' })];
});
afterAll(async () => {
  await Promise.all((instances ?? []).map((each) => each.stop()));
  await Promise.all([pair?.stop(), redis?.stop()]);
});

/** What each instance answers, from its memory and from Redis: 'good' or the reason of a refusal. */
async function answers(sessionToken: string): Promise<string[]> {
  const asked = instances.flatMap((each) => WAYS.map((freshness) => each.validate(sessionToken, freshness)));
  const settled = await Promise.allSettled(asked);
  return settled.map((each) => (each.status === 'fulfilled' ? 'good' : String(each.reason.reason)));
}

const expectAll = async (sessionToken: string, answer: string) =>
  expect(new Set(await answers(sessionToken))).toEqual(new Set([answer]));

const expectSoon = (sessionToken: string, answer: string) =>
  waitFor(async () => (await answers(sessionToken)).every((each) => each === answer));

const lengthen = (instance: StartedSession, sessionToken: string, lifetimeSeconds: number) =>
  instance.app.extendSession({ sessionToken, lifetimeSeconds });

const revoke = (instance: StartedSession, value: string) =>
  instance.app.revokeSession({
    target: { $case: 'sessionToken', value },
    reason: RevokedReason.REVOKED_REASON_LOGOUT,
  });

describeWith('postgres', 'Postgres that fails over to a standby which lacks the last changes', () => {
  it('no session that was lost is accepted, and what is revoked then is refused', async () => {
    const [one, two] = instances;
    await waitFor(() => areWell(instances));
    const [kept, extended, revoked] = [
      await one.create(undefined, HOUR_SECONDS),
      await one.create(undefined, HOUR_SECONDS),
      await one.create(undefined, HOUR_SECONDS),
    ];
    await waitFor(pair.standbyHasAll);

    pair.link.stall();
    const lost = await one.create();
    for (const seconds of EXTENSIONS) await lengthen(one, extended.sessionToken, seconds);
    await revoke(one, revoked.sessionToken);
    for (const { sessionToken } of [kept, extended, lost]) await expectSoon(sessionToken, 'good');
    await expectSoon(revoked.sessionToken, 'SESSION_REVOKED');
    const client = await bidiClient(two.service, 'app/test');
    const watch: Bidi<{ question: bigint }, WatchSessionsResponse> = client.open(SessionServiceService.watchSessions);
    watch.send({ question: 1n });
    await waitFor(() => watch.responses.some(({ event }) => event?.$case === 'answer'));
    await pair.killPrimary();
    await pair.promote();

    await expectSoon(lost.sessionToken, 'SESSION_TOKEN_INVALID');
    await waitFor(() => watch.responses.some(({ event }) => event?.$case === 'reset'));
    client.close();
    await expectAll(kept.sessionToken, 'good');
    await expectAll(extended.sessionToken, 'good');
    // A session that has ended once is not brought back by what Redis knows, although the database has forgotten it.
    await expectAll(revoked.sessionToken, 'SESSION_REVOKED');

    // Fewer changes than were lost, and they count all the same.
    const { session } = await lengthen(two, extended.sessionToken, 5_400);
    for (const each of instances) {
      const validated = await each.validate(extended.sessionToken, FRESHNESS_STRICT);
      expect(validated.session?.expiresAt).toEqual(session?.expiresAt);
    }
    await revoke(two, extended.sessionToken);
    await revoke(one, kept.sessionToken);
    for (const { sessionToken } of [extended, kept]) await expectSoon(sessionToken, 'SESSION_REVOKED');
    const begun = await two.create();
    await expectSoon(begun.sessionToken, 'good');
    const again = await revoke(two, begun.sessionToken);
    await expect(
      one.app.validateSession({
        sessionToken: begun.sessionToken,
        freshness: FRESHNESS_BOUNDED,
        consistencyToken: again.consistencyToken,
      }),
    ).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
  });
});
