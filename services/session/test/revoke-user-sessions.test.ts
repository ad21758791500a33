import { randomUUID } from 'node:crypto';
import { Freshness, RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { outboxEvents, waitFor } from '@gatehouse/testing';
import { query, run, withDatabase } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthz } from './authz-stand-in.ts';
import { type StartedSession, startSession } from './harness.ts';

const reason = RevokedReason.REVOKED_REASON_USER_DISABLED;
const ADMIN = randomUUID();
let rig: StartedSession;
let other: StartedSession;
let authz: Awaited<ReturnType<typeof startAuthz>>;

beforeAll(async () => {
  authz = await startAuthz((userId, permission) => userId === ADMIN && permission === 'sessions:revoke');
  const env = { GATEHOUSE_AUTHZ_ADDRESS: authz.address, GATEHOUSE_SESSION_ACTIVITY_FLUSH_MS: '10' };
  rig = await startSession({ env });
  other = await startSession({ env, database: rig.service.database, redis: rig.service.redis, instance: 'other' });
});
afterAll(async () => {
  await other.stop();
  await rig.stop();
  await authz.stop();
});

const refusal = { reason: 'SESSION_REVOKED', metadata: { revoked_reason: 'user_disabled' } };
const isOnline = async (userId: string) => {
  const { presences } = await rig.operator.getPresence({ userIds: [userId] });
  return presences[0]?.isOnline === true;
};

describe('RevokeUserSessions', () => {
  it('ends all sessions of a user, on another instance at once for whom shows its token', async () => {
    const userId = randomUUID();
    const sessions = [await rig.create(userId), await other.create(userId), await rig.create(userId)];
    const stranger = await rig.create();
    for (const { sessionToken } of sessions) await other.validate(sessionToken);
    const { revokedCount, consistencyToken } = await rig.operator.revokeUserSessions({ userId, reason });
    expect(revokedCount).toBe(3);
    const bounded = { freshness: Freshness.FRESHNESS_BOUNDED, consistencyToken };
    for (const { sessionToken } of sessions) {
      await expect(other.app.validateSession({ sessionToken, ...bounded })).rejects.toMatchObject(refusal);
      await expect(rig.validate(sessionToken)).rejects.toMatchObject(refusal);
    }
    await expect(rig.validate(stranger.sessionToken)).resolves.toBeDefined();
    expect(await rig.operator.revokeUserSessions({ userId, reason })).toMatchObject({ revokedCount: 0 });
    const events = (await outboxEvents(rig.service)).filter(
      (event) => event.userId === userId && event.eventType === 'session.revoked',
    );
    expect(events).toHaveLength(3);
    expect(events[0]).toMatchObject({ actor: 'peer:operator/test', attributes: { revoked_reason: 'user_disabled' } });
  });

  it('reaches other instances by itself within the bound', async () => {
    const { sessionToken, session } = await rig.create();
    await other.validate(sessionToken);
    await rig.identity.revokeUserSessions({ userId: session.userId, reason });
    await waitFor(() =>
      other.validate(sessionToken).then(
        () => false,
        () => true,
      ),
    );
    await expect(other.validate(sessionToken)).rejects.toMatchObject(refusal);
  });

  it('leaves none that is being made, or raised to a higher level, at that moment', async () => {
    const userId = randomUUID();
    const old = await rig.create(userId);
    const elevation = { sessionToken: old.sessionToken, authenticationMethods: ['otp'], authenticationLevel: 2 };
    const { database } = rig.service;
    const waiting = async (statement: string) => {
      const [row] = await query<{ count: bigint }>(
        database.adminUrl,
        `select count(*) as count from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query ilike $1`,
        [`%${statement}%`],
      );
      return Number(row?.count);
    };
    const { made, revoked } = await withDatabase(database.adminUrl, (db) =>
      db.transaction(async (tx) => {
        // Everything comes to a halt where it writes its audit event: shortly before it would commit.
        await run(tx, 'lock table session.outbox in exclusive mode');
        const raised = other.identity.elevateSession({ ...elevation, origin: undefined });
        await waitFor(async () => (await waiting('insert into session.outbox')) > 0);
        const revoked = rig.operator.revokeUserSessions({ userId, reason });
        await waitFor(async () => (await waiting('pg_advisory_xact_lock')) > 0 || (await waiting('for update')) > 0);
        return { made: raised, revoked };
      }),
    );
    const { sessionToken } = await made;
    expect(await revoked).toMatchObject({ revokedCount: 1 });
    await expect(other.validate(sessionToken, Freshness.FRESHNESS_STRICT)).rejects.toMatchObject(refusal);
  });

  it('takes the user offline, also where a use from before is noted after it', async () => {
    const { session } = await rig.create();
    await waitFor(() => isOnline(session.userId));
    await rig.operator.revokeUserSessions({ userId: session.userId, reason });
    expect(await isOnline(session.userId)).toBe(false);
    await rig.create(session.userId);
    await waitFor(() => isOnline(session.userId));
  });

  it("by an operator for an end user is that user's doing, and not done where the token is no good", async () => {
    const victim = await rig.create();
    const agent = await rig.create();
    const { userId } = victim.session;
    const ask = (authorization: string) =>
      rig.operator.revokeUserSessions({ userId, reason }, { metadata: { authorization } });
    for (const authorization of ['', 'Bearer', 'Basic dTpw', agent.sessionToken, `Bearer ${agent.sessionToken} x`]) {
      await expect(ask(authorization)).rejects.toMatchObject({ reason: 'SESSION_TOKEN_INVALID' });
    }
    const two = `Bearer ${agent.sessionToken}, Bearer ${victim.sessionToken}`;
    await expect(ask(two)).rejects.toMatchObject({ reason: 'SESSION_TOKEN_AMBIGUOUS' });
    await expect(rig.validate(victim.sessionToken)).resolves.toBeDefined();
    expect(await ask(`Bearer  ${agent.sessionToken}`)).toMatchObject({ revokedCount: 1 });
    const events = (await outboxEvents(rig.service)).filter(
      (event) => event.userId === userId && event.eventType === 'session.revoked',
    );
    expect(events).toMatchObject([{ actor: `user:${agent.session.userId}`, peer: 'operator/test' }]);
  });

  it('through an application ends the sessions of the acting user, and of others only with the permission', async () => {
    const victim = await rig.create();
    const stranger = await rig.create();
    const admin = await rig.create(ADMIN);
    const { userId } = victim.session;
    const ask = (sessionToken?: string) =>
      rig.app.revokeUserSessions({ userId, reason }, sessionToken ? { sessionToken } : {});
    await expect(ask()).rejects.toMatchObject({ reason: 'ACTING_USER_REQUIRED' });
    await expect(ask(stranger.sessionToken)).rejects.toMatchObject({
      reason: 'PERMISSION_MISSING',
      metadata: { permission: 'sessions:revoke' },
    });
    await expect(rig.validate(victim.sessionToken)).resolves.toBeDefined();
    expect(await ask(admin.sessionToken)).toMatchObject({ revokedCount: 1 });
    const again = await rig.create(userId);
    expect(await ask(again.sessionToken)).toMatchObject({ revokedCount: 1 });
    await expect(ask(again.sessionToken)).rejects.toMatchObject({ reason: 'SESSION_REVOKED' });
    const actors = (await outboxEvents(rig.service)).filter(
      (event) => event.userId === userId && event.eventType === 'session.revoked',
    );
    expect(actors.map(({ actor }) => actor)).toEqual([`user:${ADMIN}`, `user:${userId}`]);
  });

  it('does not say whether a user has sessions to whom may not end them', async () => {
    const stranger = await rig.create();
    const ask = rig.app.revokeUserSessions({ userId: randomUUID(), reason }, { sessionToken: stranger.sessionToken });
    await expect(ask).rejects.toMatchObject({ reason: 'PERMISSION_MISSING' });
    expect(await rig.operator.revokeUserSessions({ userId: randomUUID(), reason })).toMatchObject({ revokedCount: 0 });
  });

  it.each(['edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, SessionServiceService);
    await expect(client.revokeUserSessions({ userId: ADMIN, reason })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it.each([
    ['user_id', { userId: 'somebody' }],
    ['reason', { reason: RevokedReason.REVOKED_REASON_UNSPECIFIED }],
    ['reason', { reason: RevokedReason.REVOKED_REASON_SESSION_LIMIT }],
  ])('names the field that is wrong: %s', async (field, wrong) => {
    await expect(rig.operator.revokeUserSessions({ userId: ADMIN, reason, ...wrong })).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
