import { randomUUID } from 'node:crypto';
import { type PostgresInstance, type RedisInstance, startPostgres, startRedis, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DynamoDb, startDynamoDb } from '../dynamodb.ts';
import { ORIGIN, REQUEST } from '../harness.ts';
import { privateDatabase } from '../private-database.ts';
import { type StartedTokens, startTokens } from '../token-rig.ts';

// Servers are stopped, started and waited for.
let postgres: PostgresInstance;
let redis: RedisInstance;
let dynamoDb: DynamoDb;

beforeEach(async () => {
  [postgres, redis, dynamoDb] = await Promise.all([startPostgres(), startRedis(), startDynamoDb()]);
});
afterEach(async () => {
  await Promise.all([postgres.stop('immediate'), redis.stop(), dynamoDb.stop()]);
});

/** The service, and the refresh token of a session. */
async function start(env: Readonly<Record<string, string>> = {}) {
  const rig = await startTokens({ redis, database: await privateDatabase(postgres), env });
  const made = await create(rig);
  return { rig, made, refresh: () => refresh(rig, made.refreshToken) };
}

const create = (rig: StartedTokens) =>
  rig.identity.createSession({ ...REQUEST, userId: randomUUID(), withRefreshToken: true });
const refresh = (rig: StartedTokens, refreshToken: string) =>
  rig.tokens.refreshSession({ refreshToken, audience: '', origin: ORIGIN });

describe('refreshing', () => {
  it('goes on while Redis is gone', async () => {
    const { rig, refresh } = await start();
    await redis.kill();
    const { refreshToken } = await waitFor(refresh);
    expect((await refresh()).refreshToken).toBe(refreshToken);
    await rig.stop();
  });

  it('is UNAVAILABLE while Postgres is gone, and uses up nothing', async () => {
    const { rig, refresh } = await start();
    await postgres.kill();
    for (let i = 0; i < 3; i++) await expect(refresh()).rejects.toMatchObject({ kind: 'unavailable' });
    await postgres.restart();
    await waitFor(refresh);
    await rig.stop();
  });

  it('is UNAVAILABLE while DynamoDB is gone, as is a session with a refresh token; the rest goes on', async () => {
    const { rig, made, refresh } = await start(dynamoDb.env);
    await dynamoDb.stop();
    const gone = { kind: 'unavailable', reason: 'DYNAMODB_UNAVAILABLE' };
    await expect(refresh()).rejects.toMatchObject(gone);
    await expect(create(rig)).rejects.toMatchObject(gone);
    await expect(rig.validate(made.sessionToken)).resolves.toBeDefined();
    await expect(rig.create()).resolves.toBeDefined();
    await rig.stop();
  });
});
