import { randomUUID } from 'node:crypto';
import { openWrites } from '@gatehouse/mesh';
import { createRegistry, silentLogger, systemClock } from '@gatehouse/process';
import {
  Freshness,
  RevokedReason,
  type SessionSearch,
  SessionServiceService,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { startTrace } from '@gatehouse/rpc';
import { outboxEvents, waitFor } from '@gatehouse/testing';
import { query, withDatabase } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FoundRevoked, revokeFound } from '../src/store/found-revocations.ts';
import { toSearch } from '../src/wire/session-search.ts';
import { startAuthz } from './authz-stand-in.ts';
import { ORIGIN, REQUEST, type StartedSession, startSession, tampered } from './harness.ts';

const ADMIN = randomUUID();
const reason = RevokedReason.REVOKED_REASON_COMPROMISED;
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

const ANY: SessionSearch = {
  userId: '',
  ipNetwork: '',
  countryCode: '',
  deviceFingerprint: '',
  userAgentContains: '',
  createdFrom: undefined,
  createdBefore: undefined,
  inactiveSince: undefined,
};
const revoke = (conditions: Partial<SessionSearch>, maxSessions = 0, pageToken = '') =>
  rig.operator.revokeFoundSessions({ search: { ...ANY, ...conditions }, reason, maxSessions, pageToken });
const createOn = async (deviceFingerprint: string, ipAddress = ORIGIN.ipAddress) => {
  const request = { ...REQUEST, userId: randomUUID(), origin: { ...ORIGIN, deviceFingerprint, ipAddress } };
  const { session, sessionToken } = await rig.identity.createSession(request);
  if (!session) throw new Error('No session came back.');
  return { id: session.sessionId, userId: session.userId, sessionToken };
};
const refusal = { reason: 'SESSION_REVOKED', metadata: { revoked_reason: 'compromised' } };
/** Stores many sessions at once, on a device, as nobody could through the service in the time of a test. */
const insertMany = (device: string, count: number) =>
  query(
    rig.service.database.adminUrl,
    `insert into session.sessions (id, user_id, session_token_hash, authentication_methods, device_fingerprint,
       created_at, expires_at, last_activity_at)
     select gen_random_uuid(), gen_random_uuid(), sha256(n::text::bytea), '{pwd}', $1, now(), now() + interval '1 hour', now()
     from generate_series(1, $2::int) n`,
    [device, count],
  );

describe('RevokeFoundSessions', () => {
  it('ends what the search finds and nothing else, on another instance at once for whom shows its token', async () => {
    const device = randomUUID();
    const [first, second, stranger] = [await createOn(device), await createOn(device), await createOn('other')];
    for (const { sessionToken } of [first, second, stranger]) await other.validate(sessionToken);
    const { revokedCount, nextPageToken, consistencyToken } = await revoke({ deviceFingerprint: device });
    expect({ revokedCount, nextPageToken }).toEqual({ revokedCount: 2, nextPageToken: '' });
    const bounded = { freshness: Freshness.FRESHNESS_BOUNDED, consistencyToken };
    for (const { sessionToken } of [first, second]) {
      await expect(other.app.validateSession({ sessionToken, ...bounded })).rejects.toMatchObject(refusal);
      await expect(rig.validate(sessionToken)).rejects.toMatchObject(refusal);
    }
    await expect(other.app.validateSession({ sessionToken: stranger.sessionToken, ...bounded })).resolves.toBeDefined();
    expect(await revoke({ deviceFingerprint: device })).toMatchObject({ revokedCount: 0, nextPageToken: '' });
  });

  it('by a network ends the sessions from there, however their address was written', async () => {
    const device = randomUUID();
    const from = ['10.9.8.7', '::ffff:10.9.8.7', '::FFFF:0A09:0807', '10.9.8.7:443', '[::ffff:a09:807]:443'];
    const made = await Promise.all(from.map((address) => createOn(device, address)));
    const elsewhere = await createOn(device, '::ffff:11.9.8.7');
    expect(await revoke({ ipNetwork: '10.0.0.0/8', deviceFingerprint: device })).toMatchObject({ revokedCount: 5 });
    for (const { sessionToken } of made) await expect(rig.validate(sessionToken)).rejects.toMatchObject(refusal);
    await expect(rig.validate(elsewhere.sessionToken)).resolves.toBeDefined();
    expect(await revoke({ ipNetwork: '::ffff:11.0.0.0/104', deviceFingerprint: device })).toMatchObject({
      revokedCount: 1,
    });
  });

  it('goes by the user, whose sessions its token then stands for', async () => {
    const { userId, sessionToken } = await createOn('any');
    const stranger = await createOn('any');
    const { revokedCount, consistencyToken } = await revoke({ userId });
    expect(revokedCount).toBe(1);
    const bounded = { freshness: Freshness.FRESHNESS_BOUNDED, consistencyToken };
    await expect(other.app.validateSession({ sessionToken, ...bounded })).rejects.toMatchObject(refusal);
    await expect(rig.validate(stranger.sessionToken)).resolves.toBeDefined();
  });

  it('ends no more than it is asked for, and goes on from there', async () => {
    const device = randomUUID();
    const made = [];
    for (let i = 0; i < 5; i++) made.push(await createOn(device));
    const first = await revoke({ deviceFingerprint: device }, 2);
    expect(first.revokedCount).toBe(2);
    const states = await Promise.allSettled(made.map(({ sessionToken }) => rig.validate(sessionToken)));
    expect(states.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
    const second = await revoke({ deviceFingerprint: device }, 10, first.nextPageToken);
    expect(second).toMatchObject({ revokedCount: 3, nextPageToken: '' });
  });

  it('ends many in steps of which none is large', async () => {
    const device = randomUUID();
    await insertMany(device, 1_100);
    const first = await revoke({ deviceFingerprint: device });
    expect(first.revokedCount).toBe(1_000);
    const second = await revoke({ deviceFingerprint: device }, 10_000, first.nextPageToken);
    expect(second).toMatchObject({ revokedCount: 100, nextPageToken: '' });
    const [largest] = await query<{ rows: bigint }>(
      rig.service.database.adminUrl,
      `select count(*) as rows from session.sessions where device_fingerprint = $1 group by xmax, xmin order by 1 desc`,
      [device],
    );
    expect(largest?.rows).toBeLessThanOrEqual(200n);
    const events = (await outboxEvents(rig.service)).filter(({ eventType }) => eventType === 'session.revoked');
    expect(events.length).toBeGreaterThanOrEqual(1_100);
  });

  it('stops in time for its answer, and tells how far it came', async () => {
    const device = randomUUID();
    await insertMany(device, 500);
    const search = { ...toSearch(ANY), deviceFingerprint: device };
    const quiet = async () => {};
    const relay = { stage: quiet, settle: quiet, stop: quiet };
    const key = { id: 1, secret: Buffer.alloc(32, 1) };
    const quietly = { logger: silentLogger, registry: createRegistry('session') };
    const steps: number[] = [];
    await withDatabase(rig.service.database.url, async (db) => {
      const deps = {
        db,
        clock: systemClock,
        events: { sessionsRevoked: quiet },
        writes: openWrites({ db, schema: 'session', secretKeys: [key], invalidations: relay, ...quietly }),
        presence: { forget: async () => true },
      };
      const { signal } = new AbortController();
      const peer = { name: 'app/test', address: '' };
      const call = { signal, peer, requestId: '', trace: startTrace(), actor: undefined, idempotency: undefined };
      const asked = { search, after: undefined, max: 1_000, reason: 'compromised', call, request: {} } as const;
      const told = (revoked: FoundRevoked) => revoked;
      const hasTime = (stepMs: number) => steps.push(stepMs) < 2;
      const first = await revokeFound(deps, { ...asked, hasTime }, told);
      if (Buffer.isBuffer(first)) throw new Error('There was no key.');
      expect(first).toEqual({ count: 400, next: expect.any(String) });
      const second = await revokeFound(deps, { ...asked, after: first.next, hasTime: () => true }, told);
      expect(second).toEqual({ count: 100, next: undefined });
      await deps.writes.stop();
    });
    for (const stepMs of steps) expect(stepMs).toBeGreaterThan(0);
  });

  it('takes those offline who have no session left, and them alone', async () => {
    const device = randomUUID();
    const gone = await createOn(device);
    const stays = await createOn(device);
    await rig.create(stays.userId);
    const userIds = [gone.userId, stays.userId];
    const online = async () => (await rig.operator.getPresence({ userIds })).presences.map(({ isOnline }) => isOnline);
    await waitFor(async () => (await online()).every(Boolean));
    await revoke({ deviceFingerprint: device });
    expect(await online()).toEqual([false, true]);
  });

  it('refuses a search without a condition', async () => {
    const { sessionToken } = await createOn('any');
    await expect(revoke({})).rejects.toMatchObject({ kind: 'invalid', reason: 'SEARCH_EMPTY' });
    await expect(rig.validate(sessionToken)).resolves.toBeDefined();
  });

  it('takes a page token for nothing but the search that gave it', async () => {
    const device = randomUUID();
    for (let i = 0; i < 2; i++) await createOn(device);
    const { nextPageToken } = await revoke({ deviceFingerprint: device }, 1);
    const invalid = { kind: 'invalid', reason: 'PAGE_TOKEN_INVALID' };
    await expect(revoke({ deviceFingerprint: device }, 1, tampered(nextPageToken))).rejects.toMatchObject(invalid);
    await expect(revoke({ deviceFingerprint: 'other' }, 1, nextPageToken)).rejects.toMatchObject(invalid);
  });

  it('through an application needs the permission, and names who did it', async () => {
    const device = randomUUID();
    const victim = await createOn(device);
    const [stranger, admin] = [await rig.create(), await rig.create(ADMIN)];
    const request = { search: { ...ANY, deviceFingerprint: device }, reason, maxSessions: 0, pageToken: '' };
    await expect(rig.app.revokeFoundSessions(request)).rejects.toMatchObject({ reason: 'ACTING_USER_REQUIRED' });
    await expect(rig.app.revokeFoundSessions(request, { sessionToken: stranger.sessionToken })).rejects.toMatchObject({
      reason: 'PERMISSION_MISSING',
      metadata: { permission: 'sessions:revoke' },
    });
    await expect(rig.validate(victim.sessionToken)).resolves.toBeDefined();
    await rig.app.revokeFoundSessions(request, { sessionToken: admin.sessionToken });
    const event = (await outboxEvents(rig.service)).find(
      ({ eventType, sessionId }) => eventType === 'session.revoked' && sessionId === victim.id,
    );
    expect(event).toMatchObject({ actor: `user:${ADMIN}`, peer: 'app/test', userId: victim.userId });
  });

  it.each(['identity', 'edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, SessionServiceService);
    const request = { search: { ...ANY, countryCode: 'DE' }, reason, maxSessions: 0, pageToken: '' };
    await expect(client.revokeFoundSessions(request)).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });

  it.each([
    ['search', { search: undefined }],
    ['search.ip_network', { search: { ...ANY, ipNetwork: '10.0.0.0/99' } }],
    ['reason', { reason: RevokedReason.REVOKED_REASON_UNSPECIFIED }],
    ['reason', { reason: RevokedReason.REVOKED_REASON_REFRESH_TOKEN_REUSED }],
    ['max_sessions', { maxSessions: 10_001 }],
  ])('names the field that is wrong: %s', async (field, wrong) => {
    const request = { search: { ...ANY, countryCode: 'DE' }, reason, maxSessions: 0, pageToken: '', ...wrong };
    await expect(rig.operator.revokeFoundSessions(request)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field })],
    });
  });
});
