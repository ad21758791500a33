import { randomBytes, randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Failure } from '@gatehouse/failure';
import { type Database, openDatabase } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { createTestDatabase, startStopwatch, type TestDatabase, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RefreshFamily } from '../src/domain/refresh-family.ts';
import { type FamilyOwner, postgresRefreshTokens, type RefreshTokens } from '../src/store/refresh-tokens.ts';
import { type DynamoDbRefreshTokens, dynamoDbRefreshTokens } from '../src/store/refresh-tokens-dynamodb.ts';
import { insertSession } from '../src/store/sessions.ts';
import { type DynamoDb, startDynamoDb, startLossyWay } from './dynamodb.ts';

const NOW = new Date('2030-01-01T12:00:00.123Z');
const call = { signal: new AbortController().signal };
const nothing = async () => {};
/** Of a protocol that nobody serves any more. */
const CLOSED_PORT = 9;

let database: TestDatabase;
let db: Database;
let dynamoDb: DynamoDb;
let inDynamoDb: DynamoDbRefreshTokens;

beforeAll(async () => {
  [database, dynamoDb] = await Promise.all([createTestDatabase('session'), startDynamoDb()]);
  db = openDatabase({ url: database.url, applicationName: 'refresh-tokens', logger: silentLogger });
  inDynamoDb = dynamoDbRefreshTokens({ db, logger: silentLogger, ...dynamoDb });
});
afterAll(async () => {
  await inDynamoDb.stop();
  await db.close();
  await Promise.all([database.drop(), dynamoDb.stop()]);
});

describe.each<[string, () => RefreshTokens]>([
  ['Postgres', () => postgresRefreshTokens(db)],
  ['DynamoDB', () => inDynamoDb],
])('refresh tokens in %s', (_name, open) => {
  const insert = async (family: RefreshFamily = begun()) => {
    const owner = { sessionId: randomUUID(), userId: randomUUID() };
    const prepared = await open().prepare(owner, family, call);
    await db.transaction(async (tx) => {
      await insertOwner(tx, owner);
      await prepared(tx);
    });
    return { owner, family };
  };

  it('are found as they were inserted', async () => {
    const { owner, family } = await insert();
    expect(await open().find(owner, call)).toEqual(family);
    expect(await open().find({ ...owner, sessionId: randomUUID() }, call)).toBeUndefined();
  });

  it('are swapped for what comes next, and back to no predecessor', async () => {
    const { owner, family: from } = await insert();
    const to = rotated(from);
    expect(await open().swap(owner, { from, to, alongside: nothing }, call)).toBe(true);
    expect(await open().find(owner, call)).toEqual(to);
    const last = { ...to, rotatedAt: undefined, generation: 2_147_483_647 };
    expect(await open().swap(owner, { from: to, to: last, alongside: nothing }, call)).toBe(true);
    expect(await open().find(owner, call)).toEqual(last);
  });

  it.each<[string, (family: RefreshFamily) => RefreshFamily]>([
    ['of another generation', (family) => ({ ...family, generation: family.generation + 1 })],
    ['with another hash', (family) => ({ ...family, tokenHash: randomBytes(32) })],
  ])('are not swapped by whoever has read a family %s', async (_what, other) => {
    const { owner, family } = await insert();
    const told: string[] = [];
    const alongside = async () => void told.push('alongside');
    expect(await open().swap(owner, { from: other(family), to: rotated(family), alongside }, call)).toBe(false);
    expect(told).toEqual([]);
    expect(await open().find(owner, call)).toEqual(family);
  });

  it('are swapped by one of many at once', async () => {
    const { owner, family: from } = await insert();
    const attempts = Array.from({ length: 12 }, () => rotated(from));
    const results = await Promise.all(attempts.map((to) => open().swap(owner, { from, to, alongside: nothing }, call)));
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await open().find(owner, call)).toEqual(attempts[results.indexOf(true)]);
  });

  it('are not swapped where there are none', async () => {
    const [owner, from] = [{ sessionId: randomUUID(), userId: randomUUID() }, begun()];
    expect(await open().swap(owner, { from, to: rotated(from), alongside: nothing }, call)).toBe(false);
    expect(await open().find(owner, call)).toBeUndefined();
  });

  it('are removed when the transaction commits, and stay when it does not', async () => {
    const { owner, family } = await insert();
    const failing = db.transaction(async (tx) => {
      await open().remove(tx, owner);
      throw new Failure('conflict', 'NOT_TODAY', 'No.');
    });
    await expect(failing).rejects.toMatchObject({ reason: 'NOT_TODAY' });
    expect(await open().find(owner, call)).toEqual(family);
    await db.transaction((tx) => open().remove(tx, owner));
    await waitFor(async () => (await open().find(owner, call)) === undefined);
  });

  it('do what belongs to a swap in a transaction, and tell when that fails', async () => {
    const { owner, family: from } = await insert();
    const failure = new Failure('unavailable', 'POSTGRES_UNAVAILABLE', 'No.');
    const alongside = async () => {
      throw failure;
    };
    await expect(open().swap(owner, { from, to: rotated(from), alongside }, call)).rejects.toBe(failure);
  });

  it('stop waiting when the call is over', async () => {
    const { owner, family: from } = await insert();
    const over = { signal: AbortSignal.abort(new Failure('cancelled', 'CANCELLED', 'Gone.')) };
    await expect(open().find(owner, over)).rejects.toMatchObject({ kind: 'cancelled' });
    const change = { from, to: rotated(from), alongside: nothing };
    await expect(open().swap(owner, change, over)).rejects.toMatchObject({ kind: 'cancelled' });
    expect(await open().find(owner, call)).toEqual(from);
  });
});

describe('an item in DynamoDB', () => {
  const prepare = async (family = begun()) => {
    const owner = { sessionId: randomUUID(), userId: randomUUID() };
    await inDynamoDb.prepare(owner, family, call);
    const item = (await dynamoDb.items()).find(({ pk }) => pk?.S === `RTID#${owner.sessionId}`);
    return { owner, family, item };
  };

  it('has the attributes that the table is known by, and no token', async () => {
    const { owner, family, item } = await prepare();
    expect(item).toEqual({
      pk: { S: `RTID#${owner.sessionId}` },
      sk: { S: 'v1' },
      userSub: { S: owner.userId },
      refreshToken: { S: family.tokenHash.toString('base64url') },
      generation: { N: '0' },
      issuedAtUtc: { S: '2030-01-01T12:00:00.123Z' },
      rotatedAtUtc: { NULL: true },
      expiresAtUtc: { S: '2030-01-01T13:00:00.123Z' },
      ttl: { N: String(Date.UTC(2030, 0, 2, 13, 0, 1) / 1000) },
    });
  });

  it('is put once: again for a lost answer, and not over another family', async () => {
    const { owner, family } = await prepare();
    await inDynamoDb.prepare(owner, family, call);
    await expect(inDynamoDb.prepare(owner, begun(), call)).rejects.toThrow('conditional');
    expect(await inDynamoDb.find(owner, call)).toEqual(family);
  });

  it.each(['generation', 'refreshToken', 'issuedAtUtc', 'rotatedAtUtc', 'expiresAtUtc'])(
    'that has no %s is an error, and never a family',
    async (name) => {
      const { owner, item = {} } = await prepare();
      const { [name]: _left, ...rest } = item;
      await dynamoDb.put(rest);
      await expect(inDynamoDb.find(owner, call)).rejects.toThrow(name);
    },
  );
});

describe('an answer of DynamoDB that gets lost', () => {
  it('is asked for again: what was put is found put, and what was swapped is found swapped', async () => {
    const way = await startLossyWay(dynamoDb, ['PutItem', 'UpdateItem', 'GetItem']);
    const tokens = dynamoDbRefreshTokens({ db, logger: silentLogger, table: dynamoDb.table, endpoint: way.endpoint });
    const [owner, from] = [{ sessionId: randomUUID(), userId: randomUUID() }, begun()];
    await tokens.prepare(owner, from, call);
    const to = rotated(from);
    // It looks as if another had been quicker; who then looks finds the very token that it has derived itself.
    expect(await tokens.swap(owner, { from, to, alongside: nothing }, call)).toBe(false);
    expect(await tokens.find(owner, call)).toEqual(to);
    expect(way.lost).toEqual(['PutItem', 'UpdateItem', 'GetItem']);
    await tokens.stop();
    await way.stop();
  });
});

describe('a DynamoDB that', () => {
  it.each<[string, () => Promise<{ port: number; stop(): void } | undefined>]>([
    ['refuses connections', async () => undefined],
    ['answers nothing', async () => listen((socket) => socket.resume())],
    ['hangs up', async () => listen((socket) => socket.destroy())],
    ['answers nonsense', async () => listen((socket) => socket.end('HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n'))],
  ])('%s is UNAVAILABLE, within the time of one operation', async (_how, start) => {
    const server = await start();
    const endpoint = `http://127.0.0.1:${server?.port ?? CLOSED_PORT}`;
    const tokens = dynamoDbRefreshTokens({ db, logger: silentLogger, table: 'any', endpoint });
    const owner = { sessionId: randomUUID(), userId: randomUUID() };
    const watch = startStopwatch();
    const failed = { kind: 'unavailable', reason: 'DYNAMODB_UNAVAILABLE' };
    const change = { from: begun(), to: begun(), alongside: nothing };
    await Promise.all([
      expect(tokens.find(owner, call)).rejects.toMatchObject(failed),
      expect(tokens.prepare(owner, begun(), call)).rejects.toMatchObject(failed),
      expect(tokens.swap(owner, change, call)).rejects.toMatchObject(failed),
    ]);
    expect(watch.stop()).toBeLessThan(8_000);
    await tokens.stop();
    server?.stop();
  });

  it('has no such table is UNAVAILABLE', async () => {
    const tokens = dynamoDbRefreshTokens({ db, logger: silentLogger, ...dynamoDb, table: 'none' });
    const owner = { sessionId: randomUUID(), userId: randomUUID() };
    await expect(tokens.find(owner, call)).rejects.toMatchObject({ reason: 'DYNAMODB_UNAVAILABLE' });
    await tokens.stop();
  });
});

function begun(): RefreshFamily {
  const expiresAt = new Date(NOW.getTime() + 3_600_000);
  return { generation: 0, tokenHash: randomBytes(32), issuedAt: NOW, rotatedAt: undefined, expiresAt };
}

function rotated(family: RefreshFamily): RefreshFamily {
  const { generation, issuedAt, expiresAt } = family;
  return {
    generation: generation + 1,
    tokenHash: randomBytes(32),
    issuedAt: new Date(issuedAt.getTime() + 1),
    rotatedAt: new Date(issuedAt.getTime() + 2),
    expiresAt,
  };
}

async function insertOwner(tx: Parameters<typeof insertSession>[0], { sessionId, userId }: FamilyOwner): Promise<void> {
  await insertSession(tx, {
    id: sessionId,
    userId,
    tokenHash: randomBytes(32),
    authenticationMethods: ['pwd'],
    authenticationLevel: 1,
    origin: { ipAddress: '', userAgent: '', deviceFingerprint: '', countryCode: '', city: '' },
    createdAt: NOW,
    expiresAt: new Date(NOW.getTime() + 7_200_000),
    idleTimeoutSeconds: 0,
    lastActivityAt: NOW,
    lastIpAddress: '',
    revokedAt: undefined,
    revokedReason: undefined,
    authzToken: '',
    version: 1n,
  });
}

/** A server that does the same with every connection. */
async function listen(take: (socket: Socket) => void): Promise<{ port: number; stop(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    take(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
