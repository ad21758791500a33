import { randomUUID } from 'node:crypto';
import { Freshness, RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { waitFor } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REQUEST, STEADY, type StartedSession, startSession, untilSteady } from './harness.ts';

let rig: StartedSession;
let other: StartedSession;

beforeAll(async () => {
  rig = await startSession({ env: STEADY });
  const { database, redis } = rig.service;
  other = await startSession({ database, redis, instance: 'other', env: STEADY });
});
afterAll(async () => {
  await other?.stop();
  await rig?.stop();
});

const advanceAs = (peer: string, ...tokens: { userId: string; token: string; position: bigint }[]) =>
  rig.service.connectAs(peer, SessionServiceService).advanceAuthzTokens({ tokens });
const advance = (userId: string, token: string, position: bigint) => advanceAs('authz', { userId, token, position });
/** The token that a validation shows. */
const tokenOf = async (sessionToken: string, freshness: Freshness = Freshness.FRESHNESS_STRICT, on = rig) =>
  (await on.validate(sessionToken, freshness)).session?.authzToken;

describe('AdvanceAuthzTokens', () => {
  it('is shown by every session of the user, and by none of another', async () => {
    const userId = randomUUID();
    const [one, two, stranger] = [await rig.create(userId), await rig.create(userId), await rig.create()];
    expect(one.session.authzToken).toBe('');
    await advance(userId, 'AQID', 1n);
    for (const on of [rig, other]) {
      expect(await tokenOf(one.sessionToken, Freshness.FRESHNESS_STRICT, on)).toBe('AQID');
      expect(await tokenOf(two.sessionToken, Freshness.FRESHNESS_STRICT, on)).toBe('AQID');
      expect(await tokenOf(stranger.sessionToken, Freshness.FRESHNESS_STRICT, on)).toBe('');
    }
    const { sessions } = await rig.identity.listSessions({
      userId,
      deviceFingerprint: '',
      includeEnded: false,
      pageSize: 0,
      pageToken: '',
    });
    expect(sessions.map(({ authzToken }) => authzToken)).toEqual(['AQID', 'AQID']);
  });

  it('replaces what other instances have in their memory', async () => {
    await untilSteady(rig);
    await untilSteady(other);
    const { sessionToken, session } = await rig.create();
    for (const on of [rig, other]) await tokenOf(sessionToken, Freshness.FRESHNESS_BOUNDED, on);
    await advance(session.userId, 'AQID', 1n);
    expect(await tokenOf(sessionToken, Freshness.FRESHNESS_BOUNDED, rig)).toBe('AQID');
    await waitFor(async () => (await tokenOf(sessionToken, Freshness.FRESHNESS_BOUNDED, other)) === 'AQID');
  });

  it('only goes forward, in whatever order and how often they come', async () => {
    const { sessionToken, session } = await rig.create();
    const positions = [3n, 1n, 7n, 7n, 2n, 6n];
    await Promise.all(positions.map((position) => advance(session.userId, `token-${position}`, position)));
    expect(await tokenOf(sessionToken)).toBe('token-7');
    await advanceAs(
      'authz',
      { userId: session.userId, token: 'token-9', position: 9n },
      { userId: session.userId, token: 'token-8', position: 8n },
    );
    expect(await tokenOf(sessionToken)).toBe('token-9');
    const [row] = await query<{ version: bigint }>(
      rig.service.database.adminUrl,
      'select version from session.sessions where id = $1',
      [session.sessionId],
    );
    expect(row?.version).toBeLessThanOrEqual(8n);
  });

  it('is taken over by a session that begins later, and by one that replaces another', async () => {
    const { sessionToken, session } = await rig.create();
    await advance(session.userId, 'AQID', 4n);
    const second = await rig.create(session.userId);
    expect(second.session.authzToken).toBe('AQID');
    expect(await tokenOf(second.sessionToken)).toBe('AQID');
    const elevated = await rig.identity.elevateSession({
      sessionToken,
      authenticationMethods: ['otp'],
      authenticationLevel: 2,
      origin: undefined,
    });
    expect(elevated.session?.authzToken).toBe('AQID');
    await advance(session.userId, 'AQIE', 3n);
    expect(await tokenOf(elevated.sessionToken)).toBe('AQID');
  });

  it('reaches a session that begins at the same time', async () => {
    const userId = randomUUID();
    await rig.create(userId);
    const [created] = await Promise.all([rig.create(userId), advance(userId, 'AQID', 1n), rig.create(userId)]);
    expect(await tokenOf(created.sessionToken)).toBe('AQID');
  });

  it('changes nothing about sessions that have ended, and no refusal', async () => {
    const { sessionToken, session } = await rig.create();
    await rig.app.revokeSession({
      target: { $case: 'sessionToken', value: sessionToken },
      reason: RevokedReason.REVOKED_REASON_LOGOUT,
    });
    await advance(session.userId, 'AQID', 1n);
    await expect(tokenOf(sessionToken)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
    await advance(randomUUID(), 'AQID', 1n);
  });

  it.each(['identity', 'session', 'audit', 'ops', 'app/test', 'edge/envoy', 'operator/test', 'stranger'])(
    'is not for %s',
    async (peer) => {
      const call = advanceAs(peer, { userId: randomUUID(), token: 'AQID', position: 1n });
      await expect(call).rejects.toMatchObject({ kind: 'denied', reason: 'PEER_NOT_ALLOWED' });
    },
  );

  it.each([
    ['tokens', []],
    ['tokens', Array.from({ length: 101 }, () => ({ userId: REQUEST.userId, token: 'A', position: 1n }))],
    ['tokens[0].user_id', [{ userId: 'x', token: 'A', position: 1n }]],
    ['tokens[0].token', [{ userId: REQUEST.userId, token: '', position: 1n }]],
    ['tokens[0].token', [{ userId: REQUEST.userId, token: 'a b', position: 1n }]],
    ['tokens[0].token', [{ userId: REQUEST.userId, token: 'A'.repeat(256), position: 1n }]],
    ['tokens[0].position', [{ userId: REQUEST.userId, token: 'A', position: 0n }]],
    ['tokens[0].position', [{ userId: REQUEST.userId, token: 'A', position: 2n ** 63n }]],
  ])('refuses wrong %s', async (field, tokens) => {
    await expect(advanceAs('authz', ...tokens)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
