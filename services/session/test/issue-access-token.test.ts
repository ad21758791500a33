import { RevokedReason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { fakeClock } from '@gatehouse/testing';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STEADY, tampered, untilSteady } from './harness.ts';
import { ISSUER, type StartedTokens, startTokens, verifyElsewhere } from './token-rig.ts';

const clock = fakeClock();
let rig: StartedTokens;

beforeAll(async () => {
  rig = await startTokens({ clock, env: STEADY });
  await untilSteady(rig);
});
afterAll(() => rig.stop());

describe('IssueAccessToken', () => {
  it('issues what RFC 9068 says, and who knows only the key set accepts it', async () => {
    const { sessionToken, session } = await rig.create();
    const nowSeconds = Math.floor(clock.now().getTime() / 1000);
    const { accessToken, expiresAt } = await rig.tokens.issueAccessToken({ sessionToken, audience: '' });
    expect(expiresAt).toEqual(new Date((nowSeconds + 300) * 1000));
    expect(decodeProtectedHeader(accessToken)).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: (await rig.list())[0]?.kid,
    });
    const { json } = await rig.keySet();
    await expect(verifyElsewhere(accessToken, json, clock.now())).resolves.toEqual({
      iss: ISSUER,
      sub: session.userId,
      aud: 'shop',
      exp: nowSeconds + 300,
      iat: nowSeconds,
      nbf: nowSeconds,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sid: session.sessionId,
      auth_time: nowSeconds,
      amr: ['pwd'],
      acr: '1',
    });
  });

  it('is for the audience that is asked for, if the configuration allows it', async () => {
    const { sessionToken } = await rig.create();
    expect(decodeJwt(await rig.issue(sessionToken, 'billing')).aud).toBe('billing');
    for (const audience of ['Shop', 'shop,billing', 'https://evil.test']) {
      await expect(rig.issue(sessionToken, audience)).rejects.toMatchObject({
        kind: 'invalid',
        reason: 'AUDIENCE_NOT_ALLOWED',
        fields: [expect.objectContaining({ field: 'audience' })],
      });
    }
    await expect(rig.issue(sessionToken, 'ü')).rejects.toMatchObject({ reason: 'FIELD_INVALID' });
  });

  it('gives the same token for the first half of its life, to each session and audience its own', async () => {
    const [{ sessionToken }, other] = [await rig.create(), await rig.create()];
    const first = await rig.issue(sessionToken);
    clock.advance(149_000);
    expect(await rig.issue(sessionToken)).toBe(first);
    expect(await rig.issue(sessionToken, 'billing')).not.toBe(first);
    expect(await rig.issue(other.sessionToken)).not.toBe(first);
    clock.advance(1_000);
    const second = await rig.issue(sessionToken);
    expect(decodeJwt(second).jti).not.toBe(decodeJwt(first).jti);
    expect(decodeJwt(second).exp).toBe((decodeJwt(first).exp ?? 0) + 150);
  });

  it('never outlives its session', async () => {
    // So that the session ends within a second, and a token can't.
    clock.advance(250);
    const { sessionToken, session } = await rig.create(undefined, 100);
    const { accessToken, expiresAt } = await rig.tokens.issueAccessToken({ sessionToken, audience: '' });
    expect(expiresAt?.getTime()).toBeLessThanOrEqual(session.expiresAt?.getTime() ?? 0);
    expect(decodeJwt(accessToken).exp).toBe((expiresAt?.getTime() ?? 0) / 1000);
    clock.advance(99_900);
    await expect(rig.issue(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_EXPIRED' });
    clock.advance(100);
    await expect(rig.issue(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_EXPIRED' });
  });

  it('is refused for a session token that is no good, as a validation is', async () => {
    const { sessionToken } = await rig.create();
    await rig.issue(sessionToken);
    for (const token of [tampered(sessionToken), 'nonsense', `ghs_${'A'.repeat(56)}`]) {
      await expect(rig.issue(token)).rejects.toMatchObject({
        kind: 'unauthenticated',
        reason: 'SESSION_TOKEN_INVALID',
      });
    }
    const target = { $case: 'sessionToken' as const, value: sessionToken };
    await rig.app.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT });
    await expect(rig.issue(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
  });

  it('counts what it signs', async () => {
    const { sessionToken } = await rig.create();
    const signed = async () => Number((await rig.metrics()).match(/session_access_tokens_signed_total\S* (\d+)/)?.[1]);
    const before = await signed();
    await rig.issue(sessionToken);
    await rig.issue(sessionToken);
    expect(await signed()).toBe(before + 1);
  });

  it.each(['authz', 'audit', 'ops', 'session'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, TokenServiceService);
    await expect(client.issueAccessToken({ sessionToken: 'x', audience: '' })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });
});
