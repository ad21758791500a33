import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import type { GetJsonWebKeySetResponse } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { status } from '@grpc/grpc-js';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AccessTokens, createAccessTokens, type GatehouseClient } from '../src/index.ts';
import { type Mesh, startMesh } from './service.ts';
import { type StandIn, startStandIn } from './stand-in.ts';

const ISSUER = 'https://gatehouse.local';
const AUDIENCE = 'gatehouse';

describe('access tokens of the session service', () => {
  let mesh: Mesh;
  let client: GatehouseClient;
  let tokens: AccessTokens;

  beforeAll(async () => {
    mesh = await startMesh();
    client = mesh.connect();
    tokens = createAccessTokens({ client, issuer: ISSUER, audience: AUDIENCE });
  });
  afterAll(() => mesh.stop());

  it('are verified without asking for each', async () => {
    const { token, sessionId, userId } = await mesh.createSession();
    const { accessToken, expiresAtMs } = await client.tokens.issueAccessToken(token);
    const claims = await tokens.verify(accessToken);
    expect(claims).toMatchObject({ iss: ISSUER, sub: userId, sid: sessionId, aud: [AUDIENCE], amr: ['pwd'] });
    expect(claims.exp * 1000).toBe(expiresAtMs);
    expect(await tokens.verify(accessToken)).toBe(claims);
    expect(Object.isFrozen(claims) && Object.isFrozen(claims.aud)).toBe(true);
  });

  it('are refused when they were changed, or are for somebody else', async () => {
    const { token } = await mesh.createSession();
    const { accessToken } = await client.tokens.issueAccessToken(token);
    const [header, payload, signature = ''] = accessToken.split('.');
    const changed = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    await expect(tokens.verify(changed)).rejects.toMatchObject({ reason: 'ACCESS_TOKEN_INVALID' });
    const others = createAccessTokens({ client, issuer: ISSUER, audience: 'billing' });
    await expect(others.verify(accessToken)).rejects.toMatchObject({ reason: 'ACCESS_TOKEN_WRONG_AUDIENCE' });
    await expect(tokens.verify(token)).rejects.toMatchObject({ reason: 'ACCESS_TOKEN_INVALID' });
  });

  it('and session tokens are described', async () => {
    const { token, sessionId, userId } = await mesh.createSession();
    const { accessToken } = await client.tokens.issueAccessToken(token);
    expect(await client.tokens.introspect(token)).toMatchObject({ active: true, tokenType: 'session', sub: userId });
    const access = { active: true, tokenType: 'access', sid: sessionId, iss: ISSUER, aud: [AUDIENCE], acr: '1' };
    expect(await client.tokens.introspect(accessToken, { tokenTypeHint: 'refresh' })).toMatchObject(access);
    expect(await client.tokens.introspect('nonsense')).toEqual({ active: false });
  });
});

describe('a verifier of access tokens', () => {
  let server: StandIn;
  let client: GatehouseClient;
  let keys: Map<string, KeyObject>;

  beforeEach(async () => {
    server = await startStandIn();
    client = server.connect({ defaults: { retries: 0 } });
    keys = new Map();
    addKey('a');
  });
  afterEach(() => server.stop());

  function addKey(kid: string): void {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    keys.set(kid, privateKey);
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
    server.keySet.keys.push(jwk as GetJsonWebKeySetResponse['keys'][number]);
  }

  const sign = (kid: string, lifetimeSeconds = 300) => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const claims = { sid: randomUUID(), jti: randomUUID(), sub: randomUUID(), iss: ISSUER, aud: AUDIENCE };
    return new SignJWT({ ...claims, iat: nowSeconds, exp: nowSeconds + lifetimeSeconds })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .sign(keys.get(kid) ?? expect.fail());
  };
  const verifier = (options: { maxEntries?: number } = {}) =>
    createAccessTokens({ client, issuer: ISSUER, audience: AUDIENCE, ...options });

  it('asks for the keys once, however many tokens come at the same time', async () => {
    const tokens = verifier();
    const signed = await Promise.all(Array.from({ length: 50 }, () => sign('a')));
    await Promise.all(signed.map((token) => tokens.verify(token)));
    expect(server.calls).toHaveLength(1);
  });

  it('does not let made-up keys make it ask', async () => {
    const tokens = verifier();
    await tokens.verify(await sign('a'));
    addKey('b');
    server.keySet.keys.pop();
    for (let tries = 0; tries < 20; tries++) {
      await expect(tokens.verify(await sign('b'))).rejects.toMatchObject({ reason: 'ACCESS_TOKEN_UNKNOWN_KEY' });
    }
    expect(server.calls).toHaveLength(1);
  });

  it('says that nobody can tell when there are no keys to be had', async () => {
    server.answerOthers = () => ({ code: status.UNAVAILABLE, details: 'Away.' });
    const warnings: Error[] = [];
    const onWarning = (error: Error) => warnings.push(error);
    const tokens = createAccessTokens({ client, issuer: ISSUER, audience: AUDIENCE, onWarning });
    await expect(tokens.verify(await sign('a'))).rejects.toMatchObject({ reason: 'KEYS_UNAVAILABLE' });
    expect(warnings).toMatchObject([{ cause: { code: 'UNAVAILABLE' } }]);
  });

  it('asks nobody about text that is no token', async () => {
    const tokens = verifier();
    for (const text of ['', 'a.b.c', 'x'.repeat(100_000), 7 as unknown as string]) {
      await expect(tokens.verify(text)).rejects.toMatchObject({ reason: 'ACCESS_TOKEN_INVALID' });
    }
    expect(server.calls).toEqual([]);
  });

  it('remembers what it has verified, within its bound, and no refusal', async () => {
    const tokens = verifier({ maxEntries: 1 });
    const [one, other] = await Promise.all([sign('a'), sign('a')]);
    const claims = await tokens.verify(one);
    expect(await tokens.verify(one)).toBe(claims);
    await tokens.verify(other);
    const again = await tokens.verify(one);
    expect(again).toEqual(claims);
    expect(again).not.toBe(claims);
  });

  it.each([{ keepKeysMs: 59_999 }, { keepKeysMs: Number.NaN }, { clockToleranceSeconds: 61 }, { audience: [] }])(
    'is not made with %j',
    (options) => {
      expect(() => createAccessTokens({ client, issuer: ISSUER, audience: AUDIENCE, ...options })).toThrow(RangeError);
    },
  );
});
