import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Failure } from '@gatehouse/failure';
import { type Invalidation, openWrites, type Writes, type Writing } from '@gatehouse/mesh';
import { type Database, openDatabase } from '@gatehouse/postgres';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { createTestDatabase, PATIENT, type TestDatabase } from '@gatehouse/testing';
import { run } from '@gatehouse/testing/sql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const KEY = { id: 1, secret: randomBytes(32) };
const METHOD = '/gatehouse.test.v1.Things/MakeThing';

let database: TestDatabase;
let db: Database;
let opened: Writes[];
let told: Invalidation[];

beforeEach(async () => {
  database = await createTestDatabase('session');
  db = openDatabase({ url: database.url, applicationName: 'writes', logger: silentLogger, ...PATIENT });
  opened = [];
  told = [];
});
afterEach(async () => {
  await Promise.all(opened.map((writes) => writes.stop()));
  await db.close();
  await database.drop();
});

/** The writes of an instance, whose caches hear at once, or when `hearing` lets them. */
function writesWith({
  secretKeys = [KEY],
  hearing = Promise.resolve(),
}: {
  readonly secretKeys?: readonly (typeof KEY)[];
  readonly hearing?: Promise<void>;
} = {}): Writes {
  const invalidations = {
    stage: () => {},
    settle: async (items: readonly Invalidation[]) => {
      await hearing;
      told.push(...items);
    },
    stop: async () => {},
  };
  const registry = createRegistry('session');
  const writes = openWrites({ db, schema: 'session', secretKeys, invalidations, logger: silentLogger, registry });
  opened.push(writes);
  return writes;
}

/** A call with a key, whose messages are JSON and whose answers hold the secret `token`. */
function callWith(key: string | undefined, signal = new AbortController().signal, peer = 'app/test'): Writing {
  const encode = (message: unknown) => Buffer.from(JSON.stringify(message));
  const idempotency =
    key === undefined
      ? undefined
      : {
          key,
          method: METHOD,
          encodeRequest: encode,
          encodeKept: (response: unknown) => encode({ ...(response as object), token: '' }),
        };
  return { signal, peer: { name: peer, address: '' }, actor: undefined, idempotency };
}

const rows = <Row extends object>(text: string) => run<Row>(db, text);
const keyCount = async () => (await rows('select from session.idempotency_keys')).length;
const change = { id: randomUUID(), version: 2n };
const reused = { kind: 'conflict', reason: 'IDEMPOTENCY_KEY_REUSED' };
const made = (reply: unknown) => (Buffer.isBuffer(reply) ? JSON.parse(reply.toString()) : reply);

describe('a write', () => {
  it('has the caches told before it is answered', async () => {
    const reply = await writesWith().commit(callWith(undefined), {}, async () => ({
      reply: 'done',
      changed: [change],
    }));
    expect(reply).toBe('done');
    expect(told).toEqual([change]);
    expect(await keyCount()).toBe(0);
  });

  it('that fails tells nobody, does nothing after it, and leaves its key free', async () => {
    const writes = writesWith();
    const fail = async (): Promise<never> => {
      throw new Failure('missing', 'NO_THING', 'There is no such thing.');
    };
    await expect(writes.commit(callWith('a'), {}, fail)).rejects.toMatchObject({ reason: 'NO_THING' });
    expect(told).toEqual([]);
    expect(await keyCount()).toBe(0);
    expect(made(await writes.commit(callWith('a'), {}, async () => ({ reply: { thing: 1 } })))).toEqual({ thing: 1 });
  });

  it('is followed although its caller has left, and a stop waits for that', async () => {
    const { promise: hearing, resolve: hear } = Promise.withResolvers<void>();
    const { promise: following, resolve: follow } = Promise.withResolvers<void>();
    const writes = writesWith({ hearing });
    const leaving = new AbortController();
    const answer = writes.commit(callWith(undefined, leaving.signal), {}, async (tx) => {
      // Heard before the answer: the caller leaves in the moment of the commit.
      tx.afterCommit(() => leaving.abort());
      await run(tx, 'select 1');
      return { reply: 'done', changed: [change], after: () => following };
    });
    await expect(answer).rejects.toMatchObject({ kind: 'cancelled' });
    let isStopped = false;
    const stopped = writes.stop().then(() => {
      isStopped = true;
    });
    hear();
    await new Promise(setImmediate);
    expect(isStopped).toBe(false);
    follow();
    await stopped;
    expect(told).toEqual([change]);
  });

  it('that was undone after its commit is refused so, and its key is free again', async () => {
    const writes = writesWith();
    const after = async () => {
      throw new Failure('unavailable', 'QUEUE_GONE', 'The queue is gone.');
    };
    const undone = writes.commit(callWith('a'), {}, async () => ({ reply: { thing: 1 }, changed: [change], after }));
    await expect(undone).rejects.toMatchObject({ reason: 'QUEUE_GONE' });
    expect(told).toEqual([change]);
    expect(await keyCount()).toBe(0);
  });

  it('of a change that no cache could be told of is a mistake, and does nothing', async () => {
    const writes = openWrites({
      db,
      schema: 'session',
      secretKeys: [KEY],
      logger: silentLogger,
      registry: createRegistry('x'),
    });
    opened.push(writes);
    const write = writes.commit(callWith(undefined), {}, async () => ({ reply: 1, changed: [change] }));
    await expect(write).rejects.toThrow('no caches');
  });
});

describe('a write under a key', () => {
  it('is done once, and its repetition gets the answer without its secret', async () => {
    const writes = writesWith();
    let done = 0;
    const write = async () => ({ reply: { thing: ++done, token: 'secret' } });
    expect(await writes.commit(callWith('a'), { of: 'a' }, write)).toEqual({ thing: 1, token: 'secret' });
    expect(made(await writes.commit(callWith('a'), { of: 'a' }, write))).toEqual({ thing: 1, token: '' });
    await expect(writes.commit(callWith('a'), { of: 'b' }, write)).rejects.toMatchObject(reused);
    expect(await writes.commit(callWith('a', undefined, 'app/other'), { of: 'b' }, write)).toMatchObject({ thing: 2 });
    expect(done).toBe(2);
  });

  it('in steps takes its key with the last one', async () => {
    const writes = writesWith();
    const step = (thing: number, isStep: boolean) =>
      writes.commit(callWith('a'), {}, async () => ({ reply: { thing }, isStep }));
    expect(await step(1, true)).toEqual({ thing: 1 });
    expect(await keyCount()).toBe(0);
    expect(await step(2, false)).toEqual({ thing: 2 });
    expect(made(await step(3, false))).toMatchObject({ thing: 2 });
  });

  it('is answered before work that could not be done twice', async () => {
    const writes = writesWith();
    const once = (work: () => Promise<unknown>) => writes.once(callWith('a'), {}, work);
    await once(() => writes.commit(callWith('a'), {}, async () => ({ reply: { thing: 1 } })));
    expect(made(await once(() => expect.fail('It was done before.')))).toMatchObject({ thing: 1 });
  });

  it('is answered where the work fails because the same call has done it meanwhile', async () => {
    const writes = writesWith();
    const answer = await writes.once(callWith('a'), {}, async () => {
      await writes.commit(callWith('a'), {}, async () => ({ reply: { thing: 1 } }));
      throw new Failure('unauthenticated', 'SESSION_REVOKED', 'It has replaced itself.');
    });
    expect(made(answer)).toMatchObject({ thing: 1 });
    const failing = writes.once(callWith('b'), {}, () => Promise.reject(new Error('for another reason')));
    await expect(failing).rejects.toThrow('for another reason');
  });
});

describe('the digest of a request', () => {
  const commit = (writes: Writes, request: object) =>
    writes.commit(callWith('a'), request, async () => ({ reply: { thing: 1, token: '' } }));
  const [newer, older] = [{ id: 2, secret: randomBytes(32) }, KEY];

  it('is none that can be made without a key of the ring', async () => {
    await commit(writesWith(), { password: 'secret' });
    const [row] = await rows<{ request_digest: Buffer }>('select request_digest from session.idempotency_keys');
    const plain = createHash('sha256')
      .update(`${METHOD}\0${JSON.stringify({ password: 'secret' })}`)
      .digest();
    expect(row?.request_digest.equals(plain)).toBe(false);
  });

  it('is recognised while its key is in the ring, wherever in it', async () => {
    await commit(writesWith({ secretKeys: [older] }), {});
    expect(made(await commit(writesWith({ secretKeys: [newer, older] }), {}))).toMatchObject({ thing: 1 });
    await expect(commit(writesWith({ secretKeys: [newer, older] }), { other: true })).rejects.toMatchObject(reused);
    await expect(commit(writesWith({ secretKeys: [newer] }), {})).rejects.toMatchObject(reused);
  });

  it('that was kept before there were keys is still recognised', async () => {
    await commit(writesWith(), {});
    const plain = createHash('sha256').update(`${METHOD}\0{}`).digest('hex');
    await run(db, `delete from session.idempotency_keys`);
    await run(
      db,
      `insert into session.idempotency_keys (peer, actor_id, key, request_digest, response)
       values ('app/test', '00000000-0000-0000-0000-000000000000', 'a', '\\x${plain}', convert_to('{"thing":9}', 'utf8'))`,
    );
    expect(made(await commit(writesWith(), {}))).toEqual({ thing: 9 });
    await expect(commit(writesWith(), { other: true })).rejects.toMatchObject(reused);
  });
});
