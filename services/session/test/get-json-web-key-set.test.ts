import { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { calculateJwkThumbprint } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedTokens, startTokens } from './token-rig.ts';

let rig: StartedTokens;

beforeAll(async () => {
  rig = await startTokens();
});
afterAll(() => rig.stop());

describe('GetJsonWebKeySet', () => {
  it('returns public keys of P-256 under their thumbprints, and how long they may be kept', async () => {
    const { keys, maxAgeSeconds } = await rig.keySet();
    expect(maxAgeSeconds).toBe(300);
    expect(keys).toEqual([
      {
        kid: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        kty: 'EC',
        alg: 'ES256',
        use: 'sig',
        crv: 'P-256',
        x: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        y: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      },
    ]);
    for (const key of keys) expect(await calculateJwkThumbprint({ ...key })).toBe(key.kid);
  });

  it('says the same as JSON, and nothing of the private half', async () => {
    const { keys, json } = await rig.keySet();
    expect(JSON.parse(json)).toEqual({ keys });
    expect(json).not.toMatch(/"d"/);
  });

  it('holds a key that is not used yet, before the one that is', async () => {
    const { signingKey } = await rig.keys.rotateSigningKey({});
    const { keys } = await rig.keySet();
    expect(keys).toHaveLength(2);
    expect(keys[0]?.kid).toBe(signingKey?.kid);
  });

  it('is the same on every instance, byte for byte', async () => {
    const { database, redis } = rig.service;
    const other = await startTokens({ database, redis, instance: 'other' });
    expect(await other.keySet()).toEqual(await rig.keySet());
    await other.stop();
  });

  it.each(['identity', 'authz', 'audit', 'ops', 'edge/envoy', 'operator/test'])('answers %s', async (peer) => {
    const { keys } = await rig.service.connectAs(peer, TokenServiceService).getJsonWebKeySet({});
    expect(keys).toHaveLength(2);
  });

  it('is refused to session', async () => {
    const client = rig.service.connectAs('session', TokenServiceService);
    await expect(client.getJsonWebKeySet({})).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });
});
