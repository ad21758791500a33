import { once } from 'node:events';
import { silentLogger } from '@gatehouse/process';
import { defineScript, openRedis, type RedisStore } from '@gatehouse/redis';
import { type LentRedis, lendRedis, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Entry, encodeEntry } from '../src/entry.ts';

let server: LentRedis;
let store: RedisStore;
beforeAll(async () => {
  server = await lendRedis();
  store = openRedis({ url: server.url, name: 'test', logger: silentLogger });
  await store.ready();
});
beforeEach(() => server.flush());
afterAll(async () => {
  await store.close();
  await server.stop();
});

const script = <Reply>(name: string) =>
  defineScript<Reply>(store, `test-${name}`, new URL(`../src/scripts/${name}.lua`, import.meta.url));

const STAMP = 'abcdefgh';

describe('put', () => {
  const value = (version: bigint, text = 'x'): Entry => ({ kind: 'value', version, payload: Buffer.from(text) });
  const gone = (version: bigint): Entry => ({ kind: 'gone', version, note: 'x' });
  const stale = (version: bigint, stamp = STAMP): Entry => ({ kind: 'stale', version, stamp });
  /** As a version of ours without stamps wrote it. */
  const unstamped = (version: bigint): Entry => ({ kind: 'stale', version, stamp: undefined });
  const reserved = (stamp = STAMP): Entry => ({ kind: 'reserved', stamp });
  const put = (entry: Entry, ttlMs = 10_000, stamp = STAMP) =>
    script<number>('put')(['k'], [encodeEntry(entry), ttlMs, stamp]);
  const set = (entry: Entry) => store.client.set('k', encodeEntry(entry), 'PX', 10_000);

  const HALF = 2n ** 32n;
  it.each<[Entry, Entry, number]>([
    [value(2n), value(1n), 0],
    [value(1n), value(2n), 1],
    [value(9n), value(10n), 1],
    [value(255n), value(256n), 1],
    [value(256n), value(255n), 0],
    [value(HALF - 1n), value(HALF), 1],
    [value(HALF), value(HALF - 1n), 0],
    [value(HALF * 5n + 1n), value(HALF * 5n + 2n), 1],
    [value(2n ** 53n), value(2n ** 53n + 1n), 1],
    [value(2n ** 53n + 1n), value(2n ** 53n), 0],
    [value(2n ** 64n - 1n), value(2n ** 63n), 0],
    // The same version: a value replaces a marker, a tombstone replaces both, and nothing else changes.
    [value(5n, 'a'), value(5n, 'b'), 0],
    [stale(5n), value(5n), 1],
    [stale(5n), gone(5n), 1],
    [stale(5n), stale(5n), 0],
    [value(5n), gone(5n), 1],
    [value(5n), stale(5n), 0],
    [gone(5n), value(5n), 0],
    [gone(5n), stale(5n), 0],
    [gone(5n), gone(5n), 0],
    // Another version: only the version counts.
    [stale(6n), value(5n), 0],
    [gone(6n), value(5n), 0],
    [gone(5n), stale(6n), 1],
    [value(5n), stale(6n), 1],
    // Over a tombstone no value is put: what was gone has to be said to have changed first.
    [gone(5n), value(6n), 0],
    // A reservation gives way to everything, and replaces nothing.
    [reserved(), value(0n), 1],
    [reserved(), gone(0n), 1],
    [reserved(), stale(0n), 1],
  ])('on %o answers %o with %i', async (old, next, replaced) => {
    await set(old);
    expect(await put(next)).toBe(replaced);
    expect(await store.client.getBuffer('k')).toEqual(encodeEntry(replaced === 1 ? next : old));
  });

  it.each<[string, Entry | undefined, string]>([
    ['where nothing is, because what was there may be lost', undefined, STAMP],
    ['over a reservation of somebody else', reserved('othersss'), STAMP],
    ['over a stale marker that came later', stale(1n, 'othersss'), STAMP],
    ['over a stale marker without a stamp', unstamped(1n), STAMP],
    ['over a stale marker without a stamp, by one who has none', unstamped(1n), ''],
    ['over a reservation by one who has no stamp', reserved(), ''],
  ])('puts no value %s', async (_, old, stamp) => {
    if (old) await set(old);
    expect(await put(value(2n), 10_000, stamp)).toBe(0);
    expect(await store.client.getBuffer('k')).toEqual(old ? encodeEntry(old) : null);
  });

  it('puts what is gone or stale where nothing is', async () => {
    expect(await put(gone(2n), 10_000, '')).toBe(1);
    await store.client.del('k');
    expect(await put(stale(2n), 10_000, '')).toBe(1);
  });

  it('keeps what it put for the time it was told, and no longer for what it refused', async () => {
    await set(reserved());
    await put(value(2n), 5000);
    await put(value(1n), 50_000);
    const leftMs = await store.client.pttl('k');
    expect(leftMs).toBeGreaterThan(4000);
    expect(leftMs).toBeLessThanOrEqual(5000);
  });

  it('replaces something that is not an entry', async () => {
    await store.client.set('k', 'short');
    expect(await put(gone(1n))).toBe(1);
  });

  describe('after reserve', () => {
    const reserve = (stamp: string, version?: bigint) => {
      const bytes = Buffer.alloc(8);
      if (version !== undefined) bytes.writeBigUInt64BE(version);
      const wanted = version === undefined ? '' : bytes;
      return script<string>('reserve')(['k'], [encodeEntry(reserved(stamp)), 10_000, wanted]);
    };

    it('takes the place of nothing, and of something that is not an entry', async () => {
      expect(await reserve(STAMP)).toBe(STAMP);
      expect(await store.client.getBuffer('k')).toEqual(encodeEntry(reserved()));
      expect(await put(value(1n))).toBe(1);
      await store.client.set('k', 'short');
      expect(await reserve(STAMP)).toBe(STAMP);
    });

    it('shares what is reserved already, and keeps it for longer', async () => {
      await reserve(STAMP);
      await store.client.pexpire('k', 1_000);
      expect(await reserve('othersss')).toBe(STAMP);
      expect(await store.client.pttl('k')).toBeGreaterThan(5_000);
    });

    it('answers with the stamp of a stale marker, and gives one to a marker that has none', async () => {
      await set(stale(HALF + 4n, 'markers1'));
      expect(await reserve(STAMP)).toBe('markers1');
      await set(unstamped(HALF + 4n));
      expect(await reserve(STAMP)).toBe(STAMP);
      expect(await store.client.getBuffer('k')).toEqual(encodeEntry(stale(HALF + 4n)));
      expect(await store.client.pttl('k')).toBeGreaterThan(0);
      expect(await put(value(HALF + 3n))).toBe(0);
      expect(await put(value(HALF + 4n))).toBe(1);
    });

    it.each([value(HALF + 4n), gone(HALF + 4n)])('leaves %o, unless something newer is about to be', async (old) => {
      await set(old);
      expect(await reserve(STAMP)).toBe('');
      expect(await reserve(STAMP, HALF + 4n)).toBe('');
      expect(await store.client.getBuffer('k')).toEqual(encodeEntry(old));
      expect(await reserve(STAMP, HALF + 5n)).toBe(STAMP);
      expect(await put(value(HALF + 5n))).toBe(1);
    });

    it.each([
      ['evicted', () => store.client.del('k')],
      [
        'evicted, and what was reserved by another is evicted in turn',
        async () => {
          await store.client.del('k');
          await reserve('othersss');
        },
      ],
      ['lost with all there is', () => server.flush()],
    ])('keeps an old value out although the tombstone was %s', async (_, lose) => {
      await reserve(STAMP);
      expect(await put(gone(2n), 10_000, '')).toBe(1);
      await lose();
      expect(await put(value(1n))).toBe(0);
    });
  });
});

describe('publish', () => {
  const publish = (message: string) => script<string>('publish')(['c:sequence'], ['c', message]);

  it('starts at the clock of the server, and counts from there', async () => {
    const [seconds] = await store.client.time();
    const first = Number(await publish('a'));
    expect(first / 1_000_000 - Number(seconds)).toBeLessThan(10);
    expect(first).toBeGreaterThanOrEqual(Number(seconds) * 1_000_000);
    expect(Number(await publish('b'))).toBe(first + 1);
    expect(await store.client.get('c:sequence')).toBe(String(first + 1));
  });

  it('never gives a number again after the sequence was lost', async () => {
    const numbers = [Number(await publish('a')), Number(await publish('b'))];
    await server.flush();
    expect(Number(await publish('c'))).toBeGreaterThan(Math.max(...numbers) + 1);
  });

  it('sends the number, in full, before the message', async () => {
    const subscriber = store.subscriber();
    const messages: string[] = [];
    subscriber.on('message', (_channel, text) => messages.push(text));
    await once(subscriber, 'ready');
    await subscriber.subscribe('c');
    const number = await publish('hello\nworld');
    await waitFor(() => messages.length > 0);
    expect(messages).toEqual([`${number}\nhello\nworld`]);
    expect(number).toMatch(/^\d{16}$/);
    subscriber.disconnect();
  });
});

describe('heartbeat', () => {
  const heartbeat = () => script<string>('heartbeat')(['c:sequence'], []);

  it('tells the last number, and 0 before the first', async () => {
    expect(await heartbeat()).toMatch(/^0 [0-9a-f]{40}$/);
    const [, history] = (await heartbeat()).split(' ');
    await store.client.set('c:sequence', '1763668800000001');
    expect(await heartbeat()).toBe(`1763668800000001 ${history}`);
  });

  it('tells of another history once a server has been a replica and takes over', async () => {
    const before = await heartbeat();
    await store.client.replicaof('127.0.0.1', 1);
    await waitFor(() => store.client.replicaof('NO', 'ONE'), { everyMs: 1 });
    await store.ready();
    expect(await heartbeat()).not.toBe(before);
  });

  it('tells the number alone to a user who may not ask for the history', async () => {
    await store.client.call('ACL', 'SETUSER', 'default', '-info');
    try {
      expect(await heartbeat()).toBe('0 ');
    } finally {
      await store.client.call('ACL', 'SETUSER', 'default', '+info');
    }
  });

  it('is refused by a server that would refuse a publish', async () => {
    await store.client.config('SET', 'min-replicas-to-write', 1);
    await expect(heartbeat()).rejects.toMatchObject({ metadata: { condition: 'REFUSED' } });
    await store.client.config('SET', 'min-replicas-to-write', 0);
    await store.client.config('SET', 'maxmemory', 1);
    await expect(heartbeat()).rejects.toMatchObject({ metadata: { condition: 'REFUSED' } });
    await store.client.config('SET', 'maxmemory', 0);
    await store.client.replicaof('127.0.0.1', 1);
    await expect(heartbeat()).rejects.toMatchObject({ metadata: { condition: 'REFUSED' } });
    // The client looks for another master then, which here is the same one.
    await waitFor(() => store.client.replicaof('NO', 'ONE'), { everyMs: 1 });
    await store.ready();
    expect(await heartbeat()).toMatch(/^0 /);
  });
});
