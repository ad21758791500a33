import { silentLogger } from '@gatehouse/process';
import { openRedis, type RedisStore } from '@gatehouse/redis';
import {
  areWell,
  createTestDatabase,
  type RedisInstance,
  startRedis,
  type TestDatabase,
  waitFor,
} from '@gatehouse/testing';
import { rounds } from '@gatehouse/testing/chance';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StartedSession, startSession } from '../harness.ts';
import { audit, type Load, startLoad } from './load.ts';

/** As it is when nothing is configured. */
const BOUND_MS = 1_000;
/** How much is asked and changed between two steps. */
const [ANSWERS, CHANGES] = [rounds(200, 60), rounds(40, 20)];
const REDIS_KEYS = 'gs3:*';

let redis: RedisInstance;
let database: TestDatabase;
let instances: StartedSession[];
let load: Load | undefined;
let store: RedisStore;

beforeEach(async () => {
  [redis, database] = await Promise.all([startRedis(), createTestDatabase('session')]);
  const start = (instance: string) => startSession({ redis, database, instance });
  instances = [await start('one'), await start('two')];
  store = openRedis({ url: redis.url, name: 'test', commandTimeoutMs: 5_000, logger: silentLogger });
  await waitFor(() => areWell(instances));
});
afterEach(async () => {
  await load?.stop();
  await store.close();
  await Promise.all(instances.map((each) => each.stop()));
  await Promise.all([redis.stop(), database.drop()]);
});

/** Waits until every instance has answered, and sessions were made and revoked, so often since now. */
async function progress(running: Load, answers: number, changes: number): Promise<void> {
  running.mark();
  const [made, revoked] = [running.sessions.length, running.revoked];
  const enough = () =>
    instances.every((each) => running.tally(each).accepted >= answers && running.tally(each).refused >= answers) &&
    running.sessions.length >= made + changes &&
    running.revoked >= revoked + changes;
  await running.until(enough);
}

describe('Redis that is killed and comes back empty, under load', () => {
  it('loses no session, brings none back, and refuses no good one', async () => {
    load = startLoad({ instances, boundMs: BOUND_MS });
    await progress(load, ANSWERS, CHANGES);
    for (let round = 0; round < rounds(2); round++) {
      await redis.kill();
      // Longer than the bound, so that an instance that went on from its memory would be found out.
      const goneUntilMs = performance.now() + 2 * BOUND_MS;
      await progress(load, ANSWERS / 2, CHANGES / 2);
      await load.until(() => performance.now() > goneUntilMs);
      await redis.restart();
      await progress(load, ANSWERS, CHANGES);
      await waitFor(() => areWell(instances));
    }
    await progress(load, ANSWERS, CHANGES);
    await load.stop();
    expect(load.wrong).toEqual([]);
    expect(await audit(load.sessions, instances)).toEqual([]);
    // Asked for once, they are all in Redis again, those that were made before it was lost included.
    await waitFor(() => store.usable);
    await waitFor(async () => (await store.client.keys(REDIS_KEYS)).length === load?.sessions.length);
  });
});
