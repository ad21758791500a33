import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { jsonWebKeySet } from './json-web-key-set.ts';
import {
  activeKey,
  newKeyPair,
  type SigningKey,
  signingKeyAt,
  stateOf,
  thumbprint,
  waitingKey,
} from './signing-key.ts';

const at = (seconds: number) => new Date(1_900_000_000_000 + seconds * 1000);

function key(kid: string, times: Partial<SigningKey> = {}): SigningKey {
  return {
    kid,
    algorithm: 'ES256',
    publicJwk: { kty: 'EC', crv: 'P-256', x: `x-${kid}`, y: `y-${kid}` },
    sealed: Buffer.of(1),
    createdAt: at(0),
    activatesAt: at(100),
    retiresAt: undefined,
    expiresAt: undefined,
    revokedAt: undefined,
    revokedReason: undefined,
    ...times,
  };
}

describe('the state of a key', () => {
  const whole = key('a', { retiresAt: at(200), expiresAt: at(300) });

  it.each([
    [99.999, 'published'],
    [100, 'active'],
    [199.999, 'active'],
    [200, 'retired'],
    [300, 'retired'],
  ])('follows from the time alone: after %d seconds it is %s', (seconds, state) => {
    expect(stateOf(whole, at(seconds).getTime())).toBe(state);
  });

  it('is active without end while it has no successor, and revoked whatever the time', () => {
    expect(stateOf(key('a'), at(1e9).getTime())).toBe('active');
    for (const seconds of [0, 150, 250]) {
      expect(stateOf({ ...whole, revokedAt: at(150) }, at(seconds).getTime())).toBe('revoked');
    }
  });
});

describe('the key that signs', () => {
  const [old, next] = [
    key('old', { retiresAt: at(200), expiresAt: at(300) }),
    key('next', { createdAt: at(150), activatesAt: at(200) }),
  ];

  it.each([
    [150, 'old'],
    [199.999, 'old'],
    [200, 'next'],
  ])('is one at a time: after %d seconds %s', (seconds, kid) => {
    expect(activeKey([next, old], at(seconds).getTime())?.kid).toBe(kid);
    expect(signingKeyAt([old, next], at(seconds).getTime())?.kid).toBe(kid);
  });

  it('is the one that became active last, where several are', () => {
    const both = [key('b', { activatesAt: at(120) }), key('a')];
    expect(activeKey(both, at(150).getTime())?.kid).toBe('b');
    expect(activeKey([...both].reverse(), at(150).getTime())?.kid).toBe('b');
  });

  it('is the one that waits, for an instance whose clock is late', () => {
    expect(activeKey([next], at(199).getTime())).toBeUndefined();
    expect(waitingKey([next], at(199).getTime())?.kid).toBe('next');
    expect(signingKeyAt([next], at(199).getTime())?.kid).toBe('next');
  });

  it('is none that is revoked or retired', () => {
    expect(signingKeyAt([{ ...old, revokedAt: at(150) }], at(150).getTime())).toBeUndefined();
    expect(signingKeyAt([old], at(250).getTime())).toBeUndefined();
  });
});

describe('the key set', () => {
  it('holds what verifiers may need: not what has left it, nor what is revoked; newest first', () => {
    const keys = [
      key('retired', { retiresAt: at(200), expiresAt: at(300) }),
      key('active', { createdAt: at(50) }),
      key('published', { createdAt: at(60), activatesAt: at(400) }),
      key('gone', { retiresAt: at(200), expiresAt: at(250) }),
      key('revoked', { revokedAt: at(240) }),
    ];
    const { keys: held, json } = jsonWebKeySet(keys, at(250).getTime());
    expect(held.map(({ kid }) => kid)).toEqual(['published', 'active', 'retired']);
    expect(JSON.parse(json)).toEqual({ keys: held });
    expect(held[0]).toEqual({
      kid: 'published',
      kty: 'EC',
      alg: 'ES256',
      use: 'sig',
      crv: 'P-256',
      x: 'x-published',
      y: 'y-published',
    });
    expect(jsonWebKeySet([...keys].reverse(), at(250).getTime()).json).toBe(json);
  });
});

describe('a new pair of keys', () => {
  it('is named by its thumbprint, as RFC 7638 has it', async () => {
    const { kid, publicJwk } = newKeyPair();
    expect(kid).toBe(thumbprint(publicJwk));
    expect(await calculateJwkThumbprint({ ...publicJwk })).toBe(kid);
    expect(newKeyPair().kid).not.toBe(kid);
  });
});
