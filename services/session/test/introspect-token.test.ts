import { RevokedReason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { TokenServiceService, TokenType } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { fakeClock, startPostgres, startRedis, waitFor } from '@gatehouse/testing';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REQUEST, tampered } from './harness.ts';
import { privateDatabase } from './private-database.ts';
import { ISSUER, kidOf, type StartedTokens, startTokens } from './token-rig.ts';

const clock = fakeClock();
const { TOKEN_TYPE_UNSPECIFIED, TOKEN_TYPE_SESSION, TOKEN_TYPE_REFRESH, TOKEN_TYPE_ACCESS } = TokenType;
const LOGOUT = RevokedReason.REVOKED_REASON_LOGOUT;
/** Nothing but that it is not good. */
const INACTIVE = {
  active: false,
  tokenType: TOKEN_TYPE_UNSPECIFIED,
  sub: '',
  exp: undefined,
  iat: undefined,
  nbf: undefined,
  aud: [],
  iss: '',
  jti: '',
  sid: '',
  amr: [],
  acr: '',
  authTime: undefined,
};
let rig: StartedTokens;
let other: StartedTokens;

beforeAll(async () => {
  rig = await startTokens({ clock });
  other = await startTokens({ clock, database: rig.service.database, redis: rig.service.redis, instance: 'other' });
});
afterAll(async () => {
  await other.stop();
  await rig.stop();
});

const revoke = (sessionToken: string) =>
  rig.app.revokeSession({ target: { $case: 'sessionToken', value: sessionToken }, reason: LOGOUT });

describe('IntrospectToken', () => {
  it('describes a session token', async () => {
    const { sessionToken, session } = await rig.create();
    await expect(rig.introspect(sessionToken)).resolves.toEqual({
      ...INACTIVE,
      active: true,
      tokenType: TOKEN_TYPE_SESSION,
      sub: session.userId,
      sid: session.sessionId,
      exp: session.expiresAt,
      iat: session.createdAt,
      authTime: session.createdAt,
      amr: ['pwd'],
      acr: '1',
    });
  });

  it('describes an access token, on whichever instance', async () => {
    const { sessionToken, session } = await rig.create();
    const token = await rig.issue(sessionToken, 'billing');
    const { exp = 0, iat = 0, jti = '', auth_time } = decodeJwt(token);
    for (const each of [rig, other]) {
      await expect(each.introspect(token)).resolves.toEqual({
        active: true,
        tokenType: TOKEN_TYPE_ACCESS,
        sub: session.userId,
        sid: session.sessionId,
        iss: ISSUER,
        aud: ['billing'],
        jti,
        exp: new Date(exp * 1000),
        iat: new Date(iat * 1000),
        nbf: new Date(iat * 1000),
        amr: ['pwd'],
        acr: '1',
        authTime: new Date(Number(auth_time) * 1000),
      });
    }
  });

  it('describes a refresh token', async () => {
    const made = await rig.identity.createSession({ ...REQUEST, withRefreshToken: true });
    await expect(rig.introspect(made.refreshToken)).resolves.toEqual({
      ...INACTIVE,
      active: true,
      tokenType: TOKEN_TYPE_REFRESH,
      sub: REQUEST.userId,
      sid: made.session?.sessionId,
      exp: made.refreshTokenExpiresAt,
      iat: made.session?.createdAt,
      authTime: made.session?.createdAt,
      amr: ['pwd'],
      acr: '1',
    });
    await expect(rig.introspect(tampered(made.refreshToken))).resolves.toEqual(INACTIVE);
    await revoke(made.sessionToken);
    await expect(rig.introspect(made.refreshToken)).resolves.toEqual(INACTIVE);
  });

  it('finds a token whatever the caller takes it for', async () => {
    const { sessionToken } = await rig.create();
    const accessToken = await rig.issue(sessionToken);
    for (const tokenTypeHint of [TOKEN_TYPE_UNSPECIFIED, TOKEN_TYPE_SESSION, TOKEN_TYPE_REFRESH, TOKEN_TYPE_ACCESS]) {
      await expect(rig.tokens.introspectToken({ token: sessionToken, tokenTypeHint })).resolves.toMatchObject({
        tokenType: TOKEN_TYPE_SESSION,
      });
      await expect(rig.tokens.introspectToken({ token: accessToken, tokenTypeHint })).resolves.toMatchObject({
        tokenType: TOKEN_TYPE_ACCESS,
      });
    }
  });

  it('says of everything else that it is not active, and nothing more', async () => {
    const { sessionToken } = await rig.create();
    const accessToken = await rig.issue(sessionToken);
    const [header, payload, signature] = accessToken.split('.');
    for (const token of [
      'nonsense',
      'ghs_',
      'ghr_',
      tampered(sessionToken),
      `ghs_${'A'.repeat(56)}`,
      `ghr_${'A'.repeat(92)}`,
      `${sessionToken} `,
      tampered(accessToken),
      `${header}.${payload}.`,
      `${header}.${tampered(payload ?? '')}.${signature}`,
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
      'x'.repeat(4_096),
    ]) {
      await expect(rig.introspect(token), token).resolves.toEqual(INACTIVE);
    }
  });

  it('calls a session token active as long as its session is', async () => {
    const { sessionToken } = await rig.create(undefined, 60);
    clock.advance(59_999);
    await expect(rig.introspect(sessionToken)).resolves.toMatchObject({ active: true });
    clock.advance(1);
    await expect(rig.introspect(sessionToken)).resolves.toEqual(INACTIVE);
  });

  it('calls an access token active until it ends, to the second', async () => {
    const { sessionToken } = await rig.create();
    const { accessToken, expiresAt } = await rig.tokens.issueAccessToken({ sessionToken, audience: '' });
    clock.set(new Date((expiresAt?.getTime() ?? 0) - 1));
    await expect(rig.introspect(accessToken)).resolves.toMatchObject({ active: true });
    clock.advance(1);
    await expect(rig.introspect(accessToken)).resolves.toEqual(INACTIVE);
    await expect(rig.introspect(sessionToken)).resolves.toMatchObject({ active: true });
  });

  it('calls no token of a revoked session active, at once and on every instance', async () => {
    const { sessionToken } = await rig.create();
    const accessToken = await rig.issue(sessionToken);
    for (const each of [rig, other]) {
      for (const token of [sessionToken, accessToken]) {
        await expect(each.introspect(token)).resolves.toMatchObject({ active: true });
      }
    }
    await revoke(sessionToken);
    for (const each of [rig, other]) {
      for (const token of [sessionToken, accessToken]) await expect(each.introspect(token)).resolves.toEqual(INACTIVE);
    }
  });

  it('calls no access token of a session active that was not used for too long', async () => {
    const { sessionToken } = await rig.identity.createSession({ ...REQUEST, idleTimeoutSeconds: 60 });
    const accessToken = await rig.issue(sessionToken);
    await expect(rig.introspect(accessToken)).resolves.toMatchObject({ active: true });
    clock.advance(120_000);
    await expect(rig.introspect(accessToken)).resolves.toEqual(INACTIVE);
  });

  it('calls no token active that is signed with a revoked key, on an instance that has accepted it', async () => {
    const { sessionToken } = await rig.create();
    const token = await rig.issue(sessionToken);
    await expect(other.introspect(token)).resolves.toMatchObject({ active: true });
    await rig.keys.revokeSigningKey({ kid: kidOf(token) ?? '', reason: 'a test' });
    await expect(rig.introspect(token)).resolves.toEqual(INACTIVE);
    await waitFor(async () => !(await other.introspect(token)).active);
    for (let i = 0; i < 20; i++) await expect(other.introspect(token)).resolves.toEqual(INACTIVE);
    // And one that is signed with the key that took over is good on both.
    const fresh = await rig.issue(sessionToken);
    expect(kidOf(fresh)).not.toBe(kidOf(token));
    for (const each of [rig, other]) await expect(each.introspect(fresh)).resolves.toMatchObject({ active: true });
  });

  it.each(['identity', 'authz', 'audit', 'ops', 'edge/envoy', 'operator/test'])('answers %s', async (peer) => {
    const client = rig.service.connectAs(peer, TokenServiceService);
    await expect(client.introspectToken({ token: 'x', tokenTypeHint: 0 })).resolves.toEqual(INACTIVE);
  });

  it('is refused to session', async () => {
    const client = rig.service.connectAs('session', TokenServiceService);
    await expect(client.introspectToken({ token: 'x', tokenTypeHint: 0 })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });
});

describe('with stores that fail', () => {
  it('a good token stays good while one of them answers, and the answer is UNAVAILABLE when none does', async () => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    const alone = await startTokens({ redis, database: await privateDatabase(postgres) });
    const { sessionToken } = await alone.create();
    const tokens = [sessionToken, await alone.issue(sessionToken)];
    for (const token of tokens) await expect(alone.introspect(token)).resolves.toMatchObject({ active: true });
    await redis.kill();
    for (const token of tokens) {
      await waitFor(() =>
        alone.introspect(token).then(
          ({ active }) => active,
          () => false,
        ),
      );
    }
    await postgres.kill();
    for (const token of tokens) {
      await waitFor(() =>
        alone.introspect(token).then(
          () => false,
          ({ kind }) => kind === 'unavailable',
        ),
      );
      await expect(alone.introspect(token)).rejects.toMatchObject({ kind: 'unavailable' });
    }
    // What no store has to be asked about is known all the same.
    await expect(alone.introspect('nonsense')).resolves.toEqual(INACTIVE);
    await alone.stop();
    await Promise.all([postgres.stop('immediate'), redis.stop()]);
  });
});
