import { randomUUID } from 'node:crypto';
import { RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { fakeClock, waitFor } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idleEndMs } from '../src/domain/idle.ts';
import { startAuthz } from './authz-stand-in.ts';
import { ORIGIN, REQUEST, type StartedSession, startSession, tampered } from './harness.ts';

const READER = randomUUID();
const clock = fakeClock();
let rig: StartedSession;
let authz: Awaited<ReturnType<typeof startAuthz>>;

beforeAll(async () => {
  authz = await startAuthz((userId, permission) => userId === READER && permission === 'sessions:read');
  const env = { GATEHOUSE_AUTHZ_ADDRESS: authz.address, GATEHOUSE_SESSION_ACTIVITY_FLUSH_MS: '10' };
  rig = await startSession({ env, clock });
});
afterAll(async () => {
  await rig.stop();
  await authz.stop();
});

const LIST = { userId: '', deviceFingerprint: '', includeEnded: false, pageSize: 0, pageToken: '' };
const list = (userId: string, more: Partial<typeof LIST> = {}) =>
  rig.operator.listSessions({ ...LIST, userId, ...more });
const idsOf = ({ sessions }: { readonly sessions: readonly { readonly sessionId: string }[] }) =>
  sessions.map(({ sessionId }) => sessionId);
/** Makes sessions one after the other; answers their ids, newest first. */
const createMany = async (userId: string, count: number) => {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.unshift((await rig.create(userId)).session.sessionId);
  return ids;
};
/** Sets the clock, and answers what it said before. */
const fakeNow = (unixMs: number) => {
  const before = clock.now();
  clock.set(new Date(unixMs));
  return before;
};
const revoke = (value: string) =>
  rig.operator.revokeSession({
    target: { $case: 'sessionId', value },
    reason: RevokedReason.REVOKED_REASON_COMPROMISED,
  });

describe('ListSessions', () => {
  it('shows a session with where it came from and how it is used', async () => {
    const userId = randomUUID();
    const { session, sessionToken } = await rig.create(userId);
    clock.advance(120_000);
    await rig.checkHeaders({ authorization: `Bearer ${sessionToken}` });
    const at = clock.now();
    const [shown] = await waitFor(async () => {
      const { sessions } = await list(userId);
      return sessions[0]?.lastActivityAt?.getTime() === at.getTime() ? sessions : undefined;
    });
    expect(shown).toEqual({
      ...session,
      origin: ORIGIN,
      lastActivityAt: at,
      // Where Envoy says that the last request came from.
      lastIpAddress: '198.51.100.23',
      revokedAt: undefined,
      revokedReason: RevokedReason.REVOKED_REASON_UNSPECIFIED,
    });
  });

  it('lists the sessions of one user alone, newest first, page by page', async () => {
    const userId = randomUUID();
    const ids = await createMany(userId, 7);
    await rig.create();
    expect(await list(userId)).toMatchObject({ nextPageToken: '' });
    expect(idsOf(await list(userId))).toEqual(ids);
    for (const includeEnded of [false, true]) {
      const seen: string[] = [];
      let pageToken = '';
      do {
        const page = await list(userId, { pageSize: 3, pageToken, includeEnded });
        expect(page.sessions.length).toBeLessThanOrEqual(3);
        seen.push(...idsOf(page));
        pageToken = page.nextPageToken;
      } while (pageToken);
      expect(seen).toEqual(ids);
    }
  });

  it('has no next page after one that just holds the last session', async () => {
    const userId = randomUUID();
    await createMany(userId, 2);
    expect((await list(userId, { pageSize: 2 })).nextPageToken).toBe('');
    expect((await list(userId, { pageSize: 2, includeEnded: true })).nextPageToken).toBe('');
  });

  it('leaves out what is revoked, expired or idle, unless it is asked for that too', async () => {
    const userId = randomUUID();
    const [revoked = ''] = await createMany(userId, 1);
    await revoke(revoked);
    const short = await rig.create(userId, 60);
    const { session: idle } = await rig.identity.createSession({ ...REQUEST, userId, idleTimeoutSeconds: 600 });
    const good = await rig.create(userId);
    clock.advance(660_000);
    expect(idsOf(await list(userId))).toEqual([good.session.sessionId]);
    const all = await list(userId, { includeEnded: true });
    expect(idsOf(all)).toEqual([good.session.sessionId, idle?.sessionId, short.session.sessionId, revoked]);
    expect(all.sessions[3]).toMatchObject({
      revokedAt: expect.any(Date),
      revokedReason: RevokedReason.REVOKED_REASON_COMPROMISED,
    });
  });

  it.each([1, 5, 10, 55, 599, 600, 3_600, 86_400])(
    'calls a session idle after %i s when a validation would',
    async (seconds) => {
      const userId = randomUUID();
      const { session } = await rig.identity.createSession({ ...REQUEST, userId, idleTimeoutSeconds: seconds });
      const endMs = idleEndMs(session?.createdAt?.getTime() ?? 0, seconds * 1000, 0);
      const before = fakeNow(endMs - 1);
      expect(idsOf(await list(userId))).toHaveLength(1);
      clock.set(new Date(endMs));
      expect(idsOf(await list(userId))).toHaveLength(0);
      clock.set(before);
    },
  );

  it('lists the sessions of one device', async () => {
    const userId = randomUUID();
    await rig.create(userId);
    const origin = { ...ORIGIN, deviceFingerprint: 'phone' };
    const { session } = await rig.identity.createSession({ ...REQUEST, userId, origin });
    for (const includeEnded of [false, true]) {
      const found = await list(userId, { deviceFingerprint: 'phone', includeEnded });
      expect(idsOf(found)).toEqual([session?.sessionId]);
    }
  });

  it('gives up a page after a limited number of rows, and goes on with the next', async () => {
    const userId = randomUUID();
    const { session } = await rig.identity.createSession({
      ...REQUEST,
      userId,
      origin: { ...ORIGIN, deviceFingerprint: 'rare' },
    });
    await query(
      rig.service.database.adminUrl,
      `insert into session.sessions (id, user_id, session_token_hash, authentication_methods, created_at, expires_at,
         last_activity_at)
       select ('f0000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1::uuid, sha256(n::text::bytea), '{pwd}',
         now(), now() + interval '1 second', now() from generate_series(1, 5001) n`,
      [userId],
    );
    const first = await list(userId, { deviceFingerprint: 'rare', includeEnded: true });
    expect(idsOf(first)).toEqual([]);
    const second = await list(userId, {
      deviceFingerprint: 'rare',
      includeEnded: true,
      pageToken: first.nextPageToken,
    });
    expect(idsOf(second)).toEqual([session?.sessionId]);
    expect(second.nextPageToken).toBe('');
  });

  it('takes a page token for nothing but the listing that gave it', async () => {
    const userId = randomUUID();
    await createMany(userId, 2);
    const { nextPageToken } = await list(userId, { pageSize: 1 });
    const invalid = { kind: 'invalid', reason: 'PAGE_TOKEN_INVALID' };
    for (const pageToken of [tampered(nextPageToken), nextPageToken.slice(1), 'AAAA', '2']) {
      await expect(list(userId, { pageToken })).rejects.toMatchObject(invalid);
    }
    for (const other of [{ includeEnded: true }, { deviceFingerprint: 'device-1' }, { userId: randomUUID() }]) {
      await expect(list(userId, { ...other, pageToken: nextPageToken })).rejects.toMatchObject(invalid);
    }
    const search = { search: undefined, pageSize: 1, pageToken: nextPageToken };
    await expect(rig.operator.searchSessions(search)).rejects.toMatchObject(invalid);
  });

  it('through an application shows users their own sessions, and others only to whom holds the permission', async () => {
    const owner = await rig.create(randomUUID());
    const stranger = await rig.create();
    const reader = await rig.create(READER);
    const ask = (sessionToken?: string) =>
      rig.app.listSessions({ ...LIST, userId: owner.session.userId }, sessionToken ? { sessionToken } : {});
    const expected = [owner.session.sessionId];
    expect(idsOf(await ask(owner.sessionToken))).toEqual(expected);
    expect(idsOf(await ask(reader.sessionToken))).toEqual(expected);
    await expect(ask(stranger.sessionToken)).rejects.toMatchObject({
      kind: 'denied',
      reason: 'PERMISSION_MISSING',
      metadata: { permission: 'sessions:read' },
    });
    await expect(ask()).rejects.toMatchObject({ kind: 'unauthenticated', reason: 'ACTING_USER_REQUIRED' });
    await expect(ask(tampered(owner.sessionToken))).rejects.toMatchObject({ reason: 'SESSION_TOKEN_INVALID' });
    await revoke(owner.session.sessionId);
    await expect(ask(owner.sessionToken)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
  });

  it('shows identity the sessions of anybody', async () => {
    const { session } = await rig.create();
    expect(idsOf(await rig.identity.listSessions({ ...LIST, userId: session.userId }))).toEqual([session.sessionId]);
  });

  it.each(['edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, SessionServiceService);
    await expect(client.listSessions({ ...LIST, userId: READER })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it.each([
    ['user_id', { userId: '' }],
    ['page_size', { pageSize: 201 }],
    ['page_token', { pageToken: 'x'.repeat(257) }],
  ])('names the field that is wrong: %s', async (field, wrong) => {
    await expect(list(READER, wrong)).rejects.toMatchObject({ fields: [expect.objectContaining({ field })] });
  });
});
