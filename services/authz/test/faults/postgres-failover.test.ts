import { randomUUID } from 'node:crypto';
import { type WatchChangesResponse, WatchServiceService } from '@gatehouse/proto/gatehouse/authz/v1/watch.ts';
import {
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
import { type Fixture, FULLY, startFixture } from '../fixture.ts';
import { startLoad } from './load.ts';
import { READ, UNAVAILABLE } from './readers.ts';
import { BOUND_MS, SHORT_BOUND } from './short-bound.ts';

const FAILED_PRECONDITION = 9;

let redis: RedisInstance;
let pair: FailoverPair;
let instances: Fixture[];

beforeAll(async () => {
  [pair, redis] = await Promise.all([startFailoverPair('authz'), startRedis()]);
  const { database } = pair;
  instances = await Promise.all(
    ['a', 'b'].map((instance) => startFixture({ redis, database, env: SHORT_BOUND, instance })),
  );
});
afterAll(async () => {
  await Promise.all((instances ?? []).map((each) => each.stop()));
  await Promise.all([pair?.stop(), redis?.stop()]);
});

type Watch = Bidi<{ question: bigint; resumeToken: string }, WatchChangesResponse>;

/** A watch that has begun, and a token by which another could go on. */
async function watch({ service }: Fixture): Promise<{ watch: Watch; token: string; close: () => void }> {
  const client = await bidiClient(service, 'app/test');
  const opened: Watch = client.open(WatchServiceService.watchChanges);
  let question = 0n;
  const token = await waitFor(() => {
    question += 1n;
    opened.send({ question, resumeToken: '' });
    return opened.responses
      .map(({ event }) => (event?.$case === 'answer' ? event.value.resumeToken : ''))
      .find(Boolean);
  });
  return { watch: opened, token, close: client.close };
}

describeWith('postgres', 'Postgres that fails over, under load', () => {
  it('loses nothing that was acknowledged, takes writes again, and ends the watches', async () => {
    await pair.synchronise();
    const load = await startLoad({ instances, boundMs: BOUND_MS });
    const [one, other] = instances as [Fixture, Fixture];
    const before = await watch(one);
    const known = randomUUID();
    try {
      await load.progress(25, 6);
      for (const each of instances) await each.warm(known);
      await pair.killPrimary();
      load.mark();
      // What Redis and memory hold is answered, also to who brings a token; what only Postgres can tell is not.
      const goneUntilMs = performance.now() + 1.5 * BOUND_MS;
      await load.until(() => performance.now() > goneUntilMs);
      await load.progress(20, 0);
      for (const each of instances) {
        await expect(each.allowed(known, READ, FULLY)).rejects.toEqual(UNAVAILABLE);
        await expect(each.grant(randomUUID(), randomUUID())).rejects.toEqual(UNAVAILABLE);
      }

      await pair.promote();
      await load.progress(25, 6);
      expect(await before.watch.ended).toEqual({ code: FAILED_PRECONDITION, reason: 'RESUME_TOKEN_EXPIRED' });
      const again = await watch(other);
      await waitFor(() => again.watch.responses.some(({ event }) => event?.$case === 'changes'));
      again.close();
    } finally {
      await load.stop();
      before.close();
    }
    expect(load.wrong).toEqual([]);
    expect(await load.audit()).toEqual([]);
  });
});
