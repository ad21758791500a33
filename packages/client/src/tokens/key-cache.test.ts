import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyCache, UNKNOWN_KEY_INTERVAL_MS } from './key-cache.ts';
import type { KeySet } from './open-tokens.ts';

const MAX_AGE_SECONDS = 300;
const KEEP_MS = 3_600_000;

const jwk = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
  alg: 'ES256',
  use: 'sig',
});
const keySet = (...kids: string[]): KeySet => ({ keys: kids.map(jwk), maxAgeSeconds: MAX_AGE_SECONDS });

/** A cache whose source and clock the test moves. */
function byHand(first: KeySet | Error = keySet('a')) {
  const state = { answer: first, nowMs: 0, fetches: 0, withdrawn: 0, warnings: 0, gate: Promise.resolve() };
  const cache = createKeyCache({
    source: async () => {
      state.fetches += 1;
      await state.gate;
      if (state.answer instanceof Error) throw state.answer;
      return state.answer;
    },
    keepMs: KEEP_MS,
    nowMs: () => state.nowMs,
    random: () => 0.5,
    withdrawn: () => {
      state.withdrawn += 1;
    },
    onWarning: () => {
      state.warnings += 1;
    },
  });
  return { cache, state };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const unavailable = { reason: 'KEYS_UNAVAILABLE' };

describe('key cache', () => {
  it('fetches once for everybody who waits, and then no more', async () => {
    const { cache, state } = byHand();
    const found = await Promise.all(Array.from({ length: 100 }, () => cache.find('a')));
    expect(new Set(found).size).toBe(1);
    expect(found[0]).toBeDefined();
    await cache.find('a');
    expect(state.fetches).toBe(1);
  });

  it('fetches again in the background before the keys are too old, and nobody waits', async () => {
    const { cache, state } = byHand();
    const first = await cache.find('a');
    state.nowMs = MAX_AGE_SECONDS * 1000 * 0.75;
    state.answer = keySet('a', 'b');
    const gate = Promise.withResolvers<void>();
    state.gate = gate.promise;
    expect(await cache.find('a')).toBe(first);
    expect(await cache.find('a')).toBe(first);
    expect(state.fetches).toBe(2);
    gate.resolve();
    await turn();
    expect(await cache.find('b')).toBeDefined();
    expect(state.fetches).toBe(2);
  });

  it('lets whoever comes after a long pause wait for keys that are young enough', async () => {
    const { cache, state } = byHand();
    await cache.find('a');
    state.nowMs = MAX_AGE_SECONDS * 1000;
    state.answer = keySet('b');
    expect(await cache.find('a')).toBeUndefined();
    expect(state.withdrawn).toBe(1);
  });

  it('keeps the last good keys while the source fails, up to their greatest age', async () => {
    const { cache, state } = byHand();
    await cache.find('a');
    state.answer = new Error('down');
    for (const nowMs of [MAX_AGE_SECONDS * 1000, KEEP_MS / 2, KEEP_MS - 1]) {
      state.nowMs = nowMs;
      expect(await cache.find('a')).toBeDefined();
    }
    await turn();
    expect(cache.isUsable).toBe(true);
    state.nowMs = KEEP_MS;
    expect(cache.isUsable).toBe(false);
    await expect(cache.find('a')).rejects.toMatchObject(unavailable);
    state.nowMs = KEEP_MS + 60_000;
    state.answer = keySet('a');
    expect(await cache.find('a')).toBeDefined();
  });

  it('does not ask a source that fails for each token', async () => {
    const { cache, state } = byHand(new Error('down'));
    for (let tries = 0; tries < 100; tries++) await expect(cache.find('a')).rejects.toMatchObject(unavailable);
    expect(state.fetches).toBe(1);
    for (let seconds = 1; seconds <= 300; seconds++) {
      state.nowMs = seconds * 1000;
      await expect(cache.find('a')).rejects.toMatchObject(unavailable);
    }
    // 1, 2, 4, 8, 16 and then 30 seconds apart.
    expect(state.fetches).toBeLessThan(17);
    expect(state.warnings).toBe(state.fetches);
  });

  it('fetches at once for a key that it does not know, but not for each', async () => {
    const { cache, state } = byHand();
    await cache.find('a');
    for (let tries = 0; tries < 100; tries++) expect(await cache.find(`random-${tries}`)).toBeUndefined();
    expect(state.fetches).toBe(1);
    state.nowMs = UNKNOWN_KEY_INTERVAL_MS;
    state.answer = keySet('a', 'b');
    const found = await Promise.all(Array.from({ length: 100 }, () => cache.find('b')));
    expect(found.every(Boolean)).toBe(true);
    expect(state.fetches).toBe(2);
    for (let tries = 0; tries < 100; tries++) expect(await cache.find(`random-${tries}`)).toBeUndefined();
    expect(state.fetches).toBe(2);
    expect(await cache.find('a')).toBeDefined();
  });

  it('says that nobody can tell when the source fails for a key that it does not know', async () => {
    const { cache, state } = byHand();
    await cache.find('a');
    state.nowMs = UNKNOWN_KEY_INTERVAL_MS;
    state.answer = new Error('down');
    await expect(cache.find('b')).rejects.toMatchObject(unavailable);
    expect(await cache.find('a')).toBeDefined();
  });

  it.each([
    ['no keys', { keys: [], maxAgeSeconds: 300 }],
    ['no key of ours', { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'r' }, null, 7], maxAgeSeconds: 300 }],
    ['a private key', { keys: [{ ...jwk('a'), d: 'AAAA' }], maxAgeSeconds: 300 }],
    ['two keys of one id', keySet('a', 'a')],
    ['too many keys', keySet(...Array.from({ length: 101 }, (_, index) => `k${index}`))],
  ])('does not take a set with %s for one', async (_what, set) => {
    const { cache, state } = byHand(set);
    await expect(cache.find('a')).rejects.toMatchObject(unavailable);
    expect(state.warnings).toBe(1);
  });

  it.each([
    [0, 10_000],
    [-5, 10_000],
    [Number.NaN, 10_000],
    [1e12, 86_400_000],
  ])('takes a max-age of %d for %d ms', async (maxAgeSeconds, ms) => {
    const { cache, state } = byHand({ ...keySet('a'), maxAgeSeconds });
    await cache.find('a');
    state.nowMs = ms * 0.75 - 1;
    cache.refreshIfDue();
    expect(state.fetches).toBe(1);
    state.nowMs = ms * 0.75;
    cache.refreshIfDue();
    expect(state.fetches).toBe(2);
  });

  it('tells when a key was withdrawn, and not when one was added', async () => {
    const { cache, state } = byHand();
    await cache.find('a');
    state.nowMs = 299_000;
    state.answer = keySet('a', 'b');
    cache.refreshIfDue();
    await turn();
    expect(state.withdrawn).toBe(0);
    state.nowMs *= 2;
    state.answer = keySet('b');
    cache.refreshIfDue();
    await turn();
    expect(state.withdrawn).toBe(1);
  });
});
