import { randomUUID } from 'node:crypto';
import { SigningKeyState, TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { fakeClock } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthz } from './authz-stand-in.ts';
import { type StartedTokens, startTokens } from './token-rig.ts';

const READER = randomUUID();
const clock = fakeClock();
let rig: StartedTokens;
let authz: Awaited<ReturnType<typeof startAuthz>>;

beforeAll(async () => {
  authz = await startAuthz((userId, permission) => userId === READER && permission === 'signing_keys:read');
  rig = await startTokens({ clock, env: { GATEHOUSE_AUTHZ_ADDRESS: authz.address } });
});
afterAll(async () => {
  await rig.stop();
  await authz.stop();
});

describe('ListSigningKeys', () => {
  it('shows the first key, which signs from the beginning', async () => {
    const [first, ...others] = await rig.listed(1);
    expect(others).toEqual([]);
    expect(first).toEqual({
      kid: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      algorithm: 'ES256',
      state: SigningKeyState.SIGNING_KEY_STATE_ACTIVE,
      createdAt: clock.now(),
      activatesAt: clock.now(),
      retiresAt: undefined,
      expiresAt: undefined,
      revokedAt: undefined,
    });
  });

  it('shows the newest first, with their states and times', async () => {
    const { signingKey: next } = await rig.keys.rotateSigningKey({});
    const [second, first] = await rig.list();
    expect(second).toEqual(next);
    expect(second).toMatchObject({ state: SigningKeyState.SIGNING_KEY_STATE_PUBLISHED, retiresAt: undefined });
    expect(first).toMatchObject({
      state: SigningKeyState.SIGNING_KEY_STATE_ACTIVE,
      retiresAt: second?.activatesAt,
    });
    clock.set(second?.activatesAt ?? new Date());
    expect((await rig.list()).map(({ state }) => state)).toEqual([
      SigningKeyState.SIGNING_KEY_STATE_ACTIVE,
      SigningKeyState.SIGNING_KEY_STATE_RETIRED,
    ]);
    await rig.keys.revokeSigningKey({ kid: first?.kid ?? '', reason: '' });
    expect((await rig.list())[1]).toMatchObject({
      state: SigningKeyState.SIGNING_KEY_STATE_REVOKED,
      revokedAt: clock.now(),
    });
  });

  it('is for operators, and for users of applications who may read signing keys', async () => {
    const [reader, stranger] = [await rig.create(READER), await rig.create()];
    await expect(rig.tokens.listSigningKeys({}, { sessionToken: reader.sessionToken })).resolves.toMatchObject({
      signingKeys: expect.any(Array),
    });
    await expect(rig.tokens.listSigningKeys({}, { sessionToken: stranger.sessionToken })).rejects.toMatchObject({
      reason: 'PERMISSION_MISSING',
      metadata: { permission: 'signing_keys:read' },
    });
    await expect(rig.tokens.listSigningKeys({})).rejects.toMatchObject({ reason: 'ACTING_USER_REQUIRED' });
  });

  it.each(['identity', 'authz', 'audit', 'ops', 'edge/envoy'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, TokenServiceService);
    await expect(client.listSigningKeys({})).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });
});
