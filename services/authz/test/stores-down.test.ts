import { randomUUID } from 'node:crypto';
import { silentLogger } from '@gatehouse/process';
import { openRedis } from '@gatehouse/redis';
import { type PostgresInstance, type RedisInstance, startRedis, type TestDatabase, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { atLeast, type Fixture, FULLY, openAs, ownPostgres, rowsOf, staleness, startFixture } from './fixture.ts';

// Servers are stopped, started and waited for.
vi.setConfig({ testTimeout: 60_000 });

/** Longer than a pause of the machine, in which memory would end that Postgres could not fill again. */
const BOUND_MS = 2_500;
const env = { GATEHOUSE_AUTHZ_STALENESS_BOUND_MS: String(BOUND_MS) };

let redis: RedisInstance;
let postgres: PostgresInstance;
let database: TestDatabase;
let a: Fixture;
let b: Fixture;

beforeEach(async () => {
  [{ postgres, database }, redis] = await Promise.all([ownPostgres(), startRedis()]);
  [a, b] = await Promise.all([startFixture({ redis, database, env }), startFixture({ redis, database, env })]);
});
afterEach(async () => {
  await Promise.all([a.stop(), b.stop()]);
  await Promise.all([postgres.stop('immediate'), redis.stop()]);
});

const UNAVAILABLE = expect.objectContaining({ kind: 'unavailable' });

/** A user who may read, and one who may not, both known to the memory of both instances. */
async function warmUsers() {
  const roleId = await a.role({ permissions: ['stores:read'] });
  const [reader, stranger] = [randomUUID(), randomUUID()];
  const token = await a.grant(reader, roleId);
  for (const fixture of [a, b]) for (const userId of [reader, stranger]) await fixture.warm(userId);
  await Promise.all([trustsRedis(a), trustsRedis(b)]);
  return { roleId, reader, stranger, token };
}

/**
 * Waits until the instance takes answers from Redis: one that was just started does so only when it has seen in Postgres
 * that nothing waits to be told, so a test that stops Postgres before that sees no answer from Redis at all.
 */
async function trustsRedis(fixture: Fixture): Promise<void> {
  await waitFor(async () => (await fixture.metric('cache_redis_trusted')) === 1);
}

/** Whether the instance has noticed that it can not know what it would miss. */
async function forgotten(fixture: Fixture): Promise<boolean> {
  return (await fixture.metric('cache_l1_entries', 'topic="authz-grants"')) === 0;
}

/** Cuts every instance off from what is published, until it has subscribed again. */
async function loseSubscriptions(): Promise<void> {
  const store = openRedis({ url: redis.url, name: 'test', commandTimeoutMs: 5_000, logger: silentLogger });
  await store.ready();
  await store.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await store.close();
}

/** Runs a statement when no instance does. */
async function rowsWithout(text: string, values: readonly unknown[]): Promise<void> {
  const admin = openAs(database.adminUrl);
  await rowsOf(admin, text, values);
  await admin.close();
}

/** Each answer is the right one or none. */
async function neverWrong(userId: string, expected: boolean, rounds = 20): Promise<void> {
  const answers = await Promise.allSettled(
    Array.from({ length: rounds }, (_, index) =>
      (index % 2 ? a : b).allowed(userId, 'stores:read', index % 3 ? undefined : FULLY),
    ),
  );
  for (const answer of answers) {
    if (answer.status === 'fulfilled') expect(answer.value).toBe(expected);
    else expect(answer.reason).toEqual(UNAVAILABLE);
  }
}

describe('with Redis killed', () => {
  it('checks answer from Postgres, and see at once what is granted and revoked', async () => {
    const { roleId, reader, stranger } = await warmUsers();
    await redis.kill();
    await waitFor(() => forgotten(a));
    for (const fixture of [a, b]) {
      expect(await fixture.allowed(reader, 'stores:read')).toBe(true);
      expect(await fixture.allowed(stranger, 'stores:read')).toBe(false);
      expect(await fixture.allowed(reader, 'stores:read', FULLY)).toBe(true);
    }
    const revoked = await a.revoke(reader, roleId);
    const granted = await b.grant(stranger, roleId);
    expect(await b.allowed(reader, 'stores:read', atLeast(revoked))).toBe(false);
    expect(await a.allowed(stranger, 'stores:read', atLeast(granted))).toBe(true);
    expect(await staleness(() => b.allowed(reader, 'stores:read'), false)).toBeLessThan(BOUND_MS);
    expect(await staleness(() => a.allowed(stranger, 'stores:read'), true)).toBeLessThan(BOUND_MS);
    await redis.restart();
    await neverWrong(reader, false);
    await neverWrong(stranger, true);
    await Promise.all([a.warm(reader), b.warm(reader)]);
    await neverWrong(reader, false);
  });

  it('a change of the model is seen by each check, although nobody could be told', async () => {
    const { reader } = await warmUsers();
    await redis.kill();
    await waitFor(() => forgotten(b));
    await waitFor(async () => {
      const name = `model-${randomUUID()}:read`;
      await a.grant(reader, await a.role({ permissions: [name] }));
      return b.allowed(reader, name);
    });
  });
});

describe('without a Redis from the start', () => {
  it('checks answer from Postgres', async () => {
    const { reader, stranger } = await warmUsers();
    const alone = await startFixture({ database, env: { GATEHOUSE_AUTHZ_REDIS_URL: 'redis://127.0.0.1:1' } });
    try {
      expect(await alone.allowed(reader, 'stores:read')).toBe(true);
      expect(await alone.allowed(stranger, 'stores:read')).toBe(false);
      const token = await alone.grant(stranger, await alone.role({ permissions: ['stores:read'] }));
      expect(await alone.allowed(stranger, 'stores:read')).toBe(true);
      // The instances that have a Redis tell themselves what this one could not.
      expect(await b.allowed(stranger, 'stores:read', atLeast(token))).toBe(true);
      await staleness(() => a.allowed(stranger, 'stores:read'), true);
    } finally {
      await alone.stop();
    }
  });
});

describe('a Redis that holds what was revoked when nobody could be told', () => {
  it('is not believed by an instance that starts then', async () => {
    const { roleId, reader } = await warmUsers();
    await Promise.all([a.stop(), b.stop()]);
    await rowsWithout(
      `with bumped as (update authz.revisions set revision = revision + 1 where user_id = $1::uuid returning revision),
         revoked as (delete from authz.role_grants where user_id = $1::uuid and role_id = $2::uuid)
       insert into authz.invalidations (id, subject_id, version)
       select gen_random_uuid(), $1::uuid, revision from bumped`,
      [reader, roleId],
    );
    [a, b] = await Promise.all([startFixture({ redis, database }), startFixture({ redis, database })]);
    for (let round = 0; round < 20; round++) {
      expect(await Promise.all([a.allowed(reader, 'stores:read'), b.allowed(reader, 'stores:read')])).toEqual([
        false,
        false,
      ]);
    }
  });
});

describe('with a Redis that hangs, and comes back with what it held', () => {
  it('checks answer from Postgres, and nothing that was revoked comes back', async () => {
    const { roleId, reader } = await warmUsers();
    await redis.pause();
    await a.revoke(reader, roleId);
    expect(await staleness(() => b.allowed(reader, 'stores:read'), false)).toBeLessThan(BOUND_MS);
    expect(await a.allowed(reader, 'stores:read')).toBe(false);
    await redis.resume();
    for (let round = 0; round < 5; round++) await neverWrong(reader, false);
    await Promise.all([a.warm(reader), b.warm(reader)]);
    await neverWrong(reader, false);
  });
});

describe('with Postgres stopped', () => {
  it('what Redis and memory hold is answered, and everything else is UNAVAILABLE', async () => {
    const { roleId, reader, stranger, token } = await warmUsers();
    await postgres.kill();
    for (const fixture of [a, b]) {
      expect(await fixture.allowed(reader, 'stores:read')).toBe(true);
      expect(await fixture.allowed(reader, 'stores:read', atLeast(token))).toBe(true);
      expect(await fixture.allowed(stranger, 'stores:read')).toBe(false);
    }
    await expect(a.allowed(reader, 'stores:read', FULLY)).rejects.toEqual(UNAVAILABLE);
    await expect(a.allowed(randomUUID(), 'stores:read')).rejects.toEqual(UNAVAILABLE);
    await expect(a.grant(stranger, roleId)).rejects.toEqual(UNAVAILABLE);
    await expect(a.revoke(reader, roleId)).rejects.toEqual(UNAVAILABLE);
    await expect(a.role()).rejects.toEqual(UNAVAILABLE);
    expect(await a.allowed(reader, 'stores:read')).toBe(true);
    await postgres.restart();
    await waitFor(() => a.allowed(reader, 'stores:read', FULLY).catch(() => false));
    await a.revoke(reader, roleId);
    expect(await a.allowed(reader, 'stores:read')).toBe(false);
  });

  it('an instance answers from Redis what only another one has in memory', async () => {
    const roleId = await a.role({ permissions: ['stores:read'] });
    const [reader, other] = [randomUUID(), randomUUID()];
    await a.grant(reader, roleId);
    await Promise.all([a.warm(reader), a.warm(other)]);
    const fromRedis = () => b.answeredBy('l2');
    await trustsRedis(b);
    // With an answer about somebody else the model is known as well.
    await b.warm(other);
    const before = await fromRedis();
    await postgres.kill();
    expect(await b.allowed(reader, 'stores:read')).toBe(true);
    expect(await fromRedis()).toBe(before + 1);
  });
});

describe('with Postgres stopped and the subscription lost', () => {
  it('an instance that can no longer trust its memory answers from Redis', async () => {
    const { reader, stranger } = await warmUsers();
    const before = await a.answeredBy('l2');
    await postgres.kill();
    await loseSubscriptions();
    await waitFor(async () => {
      expect(await a.allowed(reader, 'stores:read').catch(() => true)).toBe(true);
      return (await a.answeredBy('l2')) > before;
    });
    await waitFor(() => a.allowed(reader, 'stores:read').catch(() => false));
    expect(await a.allowed(stranger, 'stores:read')).toBe(false);
  });
});

describe('with both stopped', () => {
  it('every check is UNAVAILABLE as soon as the bound has passed, and never a denial', async () => {
    const { reader, stranger } = await warmUsers();
    await Promise.all([postgres.kill(), redis.kill()]);
    await waitFor(async () =>
      (
        await Promise.all(
          [a, b].map((fixture) =>
            fixture.allowed(reader, 'stores:read').then(
              () => false,
              () => true,
            ),
          ),
        )
      ).every(Boolean),
    );
    for (const fixture of [a, b]) {
      for (const userId of [reader, stranger, randomUUID()]) {
        for (const requirement of [undefined, FULLY]) {
          await expect(fixture.allowed(userId, 'stores:read', requirement)).rejects.toEqual(UNAVAILABLE);
        }
      }
    }
    await Promise.all([postgres.restart(), redis.restart()]);
    await waitFor(() => a.allowed(reader, 'stores:read').catch(() => false));
    await neverWrong(reader, true);
    await neverWrong(stranger, false);
  });
});
