import { silentLogger } from '@gatehouse/process';
import { Freshness, RevokedReason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { openRedis } from '@gatehouse/redis';
import { startPostgres, startRedis, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StartedSession, startSession, validated } from '../harness.ts';
import { privateDatabase } from '../private-database.ts';

// Servers are stopped, started and waited for.
const { FRESHNESS_STRICT, FRESHNESS_BOUNDED } = Freshness;
const LOGOUT = RevokedReason.REVOKED_REASON_LOGOUT;
const unavailable = { kind: 'unavailable' };

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let redis: Awaited<ReturnType<typeof startRedis>>;
let rig: StartedSession;

beforeEach(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  rig = await startSession({ redis, database: await privateDatabase(postgres) });
});
afterEach(async () => {
  await rig.stop();
  await Promise.all([postgres.stop('immediate'), redis.stop()]);
});

const revoke = (value: string) => rig.app.revokeSession({ target: { $case: 'sessionToken', value }, reason: LOGOUT });

describe('with Redis stopped', () => {
  it('validation answers from Postgres, sessions are created and revoked, and nothing revoked comes back', async () => {
    const known = await rig.create();
    await rig.validate(known.sessionToken);
    await redis.kill();
    await waitFor(() => rig.validate(known.sessionToken, FRESHNESS_STRICT).then(() => true));
    const fresh = await rig.create();
    await expect(rig.validate(fresh.sessionToken)).resolves.toEqual(validated(fresh.session));
    await revoke(known.sessionToken);
    const refused = { reason: 'SESSION_REVOKED' };
    await expect(rig.validate(known.sessionToken)).rejects.toMatchObject(refused);
    await redis.restart();
    for (let i = 0; i < 20; i++) {
      await expect(rig.validate(known.sessionToken)).rejects.toMatchObject(refused);
      await expect(rig.validate(known.sessionToken, FRESHNESS_STRICT)).rejects.toMatchObject(refused);
      await expect(rig.validate(fresh.sessionToken)).resolves.toBeDefined();
    }
  });
});

describe('with a Redis that comes back with what it held', () => {
  it('a session revoked meanwhile is refused, although Redis still has it', async () => {
    const { sessionToken } = await rig.create();
    await rig.validate(sessionToken, FRESHNESS_STRICT);
    await redis.pause();
    await revoke(sessionToken);
    await expect(rig.validate(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
    await redis.resume();
    for (let i = 0; i < 50; i++) {
      for (const freshness of [FRESHNESS_BOUNDED, FRESHNESS_STRICT]) {
        await expect(rig.validate(sessionToken, freshness)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
      }
    }
  });
});

describe('with a Redis that answers reads and takes no writes', () => {
  it.each([
    ['its memory is full', 'maxmemory', '1', '0'],
    ['it lacks a replica', 'min-replicas-to-write', '1', '0'],
  ])('a revoked session is refused (%s)', async (_why, setting, bad, good) => {
    const other = await startSession({ redis, database: rig.service.database, instance: 'other' });
    const { sessionToken } = await rig.create();
    for (const each of [rig, other]) await each.validate(sessionToken, FRESHNESS_STRICT);
    await configure(redis.url, setting, bad);
    await revoke(sessionToken);
    const refuses = (each: StartedSession, freshness: Freshness) =>
      each.validate(sessionToken, freshness).then(
        () => false,
        () => true,
      );
    for (const freshness of [FRESHNESS_BOUNDED, FRESHNESS_STRICT]) {
      expect(await refuses(rig, freshness)).toBe(true);
      await waitFor(() => refuses(other, freshness));
    }
    await configure(redis.url, setting, good);
    for (let i = 0; i < 30; i++) {
      for (const each of [rig, other]) {
        for (const freshness of [FRESHNESS_BOUNDED, FRESHNESS_STRICT])
          expect(await refuses(each, freshness)).toBe(true);
      }
    }
    await other.stop();
  });
});

describe('with Postgres stopped', () => {
  it('a session that is in Redis still validates, and whatever needs Postgres is UNAVAILABLE', async () => {
    const { sessionToken, session } = await rig.create();
    await waitFor(async () => (await rig.metrics()).includes('cache_redis_trusted{service="session"} 1'));
    await postgres.stop('immediate').catch(() => {});
    for (const freshness of [FRESHNESS_STRICT, FRESHNESS_BOUNDED]) {
      await expect(rig.validate(sessionToken, freshness)).resolves.toEqual(validated(session));
    }
    await expect(rig.create()).rejects.toMatchObject(unavailable);
    await expect(revoke(sessionToken)).rejects.toMatchObject(unavailable);
    await expect(rig.validate(`ghs_${'A'.repeat(56)}`)).rejects.toMatchObject(unavailable);
    await expect(rig.validate(sessionToken)).resolves.toEqual(validated(session));
  });
});

describe('with both stopped', () => {
  it('the answer is UNAVAILABLE: not denied and not allowed, at the edge too', async () => {
    const { sessionToken } = await rig.create();
    await rig.validate(sessionToken);
    await Promise.all([postgres.kill(), redis.kill()]);
    await waitFor(() =>
      rig.validate(sessionToken).then(
        () => false,
        () => true,
      ),
    );
    for (let i = 0; i < 5; i++) {
      await expect(rig.validate(sessionToken)).rejects.toMatchObject(unavailable);
      await expect(rig.validate(sessionToken, FRESHNESS_STRICT)).rejects.toMatchObject(unavailable);
      await expect(rig.checkHeaders({ authorization: `Bearer ${sessionToken}` })).rejects.toMatchObject(unavailable);
    }
  });
});

/** Sets a server's parameter while it runs. */
async function configure(url: string, name: string, value: string): Promise<void> {
  const store = openRedis({ url, name: 'test', commandTimeoutMs: 5_000, logger: silentLogger });
  await waitFor(() => store.usable);
  await store.client.config('SET', name, value);
  await store.close();
}
