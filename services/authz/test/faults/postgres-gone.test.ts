import { randomUUID } from 'node:crypto';
import { silentLogger } from '@gatehouse/process';
import { openRedis } from '@gatehouse/redis';
import { areWell, type PostgresInstance, type RedisInstance, startRedis, waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { atLeast, type Fixture, FULLY, ownPostgres, startFixture } from '../fixture.ts';
import { neverWrong, READ, UNAVAILABLE, warmReaders } from './readers.ts';
import { SHORT_BOUND } from './short-bound.ts';

// Servers are stopped, started and waited for.

let redis: RedisInstance;
let postgres: PostgresInstance;
let a: Fixture;
let b: Fixture;

beforeAll(async () => {
  const [own, ownRedis] = await Promise.all([ownPostgres(), startRedis()]);
  [postgres, redis] = [own.postgres, ownRedis];
  // Longer than a pause of the machine, in which memory would end that Postgres could not fill again.
  const options = { redis, database: own.database, env: SHORT_BOUND };
  [a, b] = await Promise.all([startFixture(options), startFixture(options)]);
});
afterEach(async () => {
  for (const store of [postgres, redis]) if (!store.running) await store.restart();
  await waitFor(() => areWell([a, b]));
  await waitFor(async () => !(await a.allowed(randomUUID(), READ, FULLY)));
});
afterAll(async () => {
  await Promise.all([a?.stop(), b?.stop()]);
  await Promise.all([postgres?.stop('immediate'), redis?.stop()]);
});

/** Cuts every instance off from what is published, until it has subscribed again. */
async function loseSubscriptions(): Promise<void> {
  const store = openRedis({ url: redis.url, name: 'test', commandTimeoutMs: 5_000, logger: silentLogger });
  await store.ready();
  await store.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await store.close();
}

describe('with Postgres stopped', () => {
  it('what Redis and memory hold is answered, and everything else is UNAVAILABLE', async () => {
    const { roleId, reader, stranger, token } = await warmReaders([a, b]);
    await postgres.kill();
    for (const fixture of [a, b]) {
      expect(await fixture.allowed(reader, READ)).toBe(true);
      expect(await fixture.allowed(reader, READ, atLeast(token))).toBe(true);
      expect(await fixture.allowed(stranger, READ)).toBe(false);
    }
    await expect(a.allowed(reader, READ, FULLY)).rejects.toEqual(UNAVAILABLE);
    await expect(a.allowed(randomUUID(), READ)).rejects.toEqual(UNAVAILABLE);
    await expect(a.grant(stranger, roleId)).rejects.toEqual(UNAVAILABLE);
    await expect(a.revoke(reader, roleId)).rejects.toEqual(UNAVAILABLE);
    await expect(a.role()).rejects.toEqual(UNAVAILABLE);
    expect(await a.allowed(reader, READ)).toBe(true);
    await postgres.restart();
    await waitFor(() => a.allowed(reader, READ, FULLY).catch(() => false));
    await a.revoke(reader, roleId);
    expect(await a.allowed(reader, READ)).toBe(false);
  });

  it('an instance answers from Redis what only another one has in memory', async () => {
    const { roleId } = await warmReaders([a, b]);
    const [reader, other] = [randomUUID(), randomUUID()];
    await a.grant(reader, roleId);
    await Promise.all([a.warm(reader), a.warm(other)]);
    // With an answer about somebody else the model is known as well.
    await b.warm(other);
    const before = await b.answeredBy('l2');
    await postgres.kill();
    expect(await b.allowed(reader, READ)).toBe(true);
    expect(await b.answeredBy('l2')).toBe(before + 1);
  });

  it('and the subscription lost, an instance that can not trust its memory answers from Redis', async () => {
    const { reader, stranger } = await warmReaders([a, b]);
    const before = await a.answeredBy('l2');
    await postgres.kill();
    await loseSubscriptions();
    await waitFor(async () => {
      expect(await a.allowed(reader, READ).catch(() => true)).toBe(true);
      return (await a.answeredBy('l2')) > before;
    });
    await waitFor(() => a.allowed(reader, READ).catch(() => false));
    expect(await a.allowed(stranger, READ)).toBe(false);
  });
});

describe('with both stopped', () => {
  it('every check is UNAVAILABLE as soon as the bound has passed, and never a denial', async () => {
    const { reader, stranger } = await warmReaders([a, b]);
    await Promise.all([postgres.kill(), redis.kill()]);
    const isUnavailable = (fixture: Fixture) =>
      fixture.allowed(reader, READ).then(
        (isAllowed) => {
          expect(isAllowed).toBe(true);
          return false;
        },
        () => true,
      );
    await waitFor(async () => (await Promise.all([a, b].map(isUnavailable))).every(Boolean));
    for (const fixture of [a, b]) {
      for (const userId of [reader, stranger, randomUUID()]) {
        for (const requirement of [undefined, FULLY]) {
          await expect(fixture.allowed(userId, READ, requirement)).rejects.toEqual(UNAVAILABLE);
        }
      }
    }
    await Promise.all([postgres.restart(), redis.restart()]);
    await waitFor(() => a.allowed(reader, READ).catch(() => false));
    await neverWrong([a, b], reader, true);
    await neverWrong([a, b], stranger, false);
  });
});
