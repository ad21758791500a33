import { randomUUID } from 'node:crypto';
import {
  RevokedReason,
  type SessionSearch,
  SessionServiceService,
} from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { waitFor } from '@gatehouse/testing';
import { query } from '@gatehouse/testing/sql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthz } from './authz-stand-in.ts';
import { ORIGIN, REQUEST, type StartedSession, startSession, tampered } from './harness.ts';

const READER = randomUUID();
let rig: StartedSession;
let authz: Awaited<ReturnType<typeof startAuthz>>;

beforeAll(async () => {
  authz = await startAuthz((userId, permission) => userId === READER && permission === 'sessions:read');
  rig = await startSession({
    env: { GATEHOUSE_AUTHZ_ADDRESS: authz.address, GATEHOUSE_SESSION_ACTIVITY_FLUSH_MS: '10' },
  });
});
afterAll(async () => {
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
const search = (conditions: Partial<SessionSearch>, pageSize = 0, pageToken = '') =>
  rig.operator.searchSessions({ search: { ...ANY, ...conditions }, pageSize, pageToken });
/** Ids of everything that is found, in its order. */
const findAll = async (conditions: Partial<SessionSearch>, pageSize = 0) => {
  const ids: string[] = [];
  let pageToken = '';
  do {
    const page = await search(conditions, pageSize, pageToken);
    ids.push(...page.sessions.map(({ sessionId }) => sessionId));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return ids;
};
const createFrom = async (origin: Partial<typeof ORIGIN>, more: object = {}) => {
  const request = { ...REQUEST, userId: randomUUID(), origin: { ...ORIGIN, ...origin }, ...more };
  const { session, sessionToken } = await rig.identity.createSession(request);
  if (!session) throw new Error('No session came back.');
  return { id: session.sessionId, userId: session.userId, sessionToken };
};

describe('SearchSessions', () => {
  it('finds sessions of anybody, oldest first, page by page', async () => {
    const device = { deviceFingerprint: randomUUID() };
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await createFrom(device)).id);
    await createFrom({});
    for (const pageSize of [1, 2, 5, 200]) expect(await findAll(device, pageSize)).toEqual(ids);
    expect((await search(device, 5)).nextPageToken).toBe('');
  });

  it('finds every session when it has no condition', async () => {
    const { id } = await createFrom({});
    expect(await findAll({}, 100)).toContain(id);
    const { sessions } = await rig.operator.searchSessions({ search: undefined, pageSize: 200, pageToken: '' });
    expect(sessions.length).toBeGreaterThan(0);
  });

  it('shows what a list shows', async () => {
    const { userId } = await createFrom({});
    const { sessions } = await search({ userId });
    const listed = { userId, deviceFingerprint: '', includeEnded: false, pageSize: 0, pageToken: '' };
    expect(sessions).toEqual((await rig.operator.listSessions(listed)).sessions);
    expect(sessions[0]).toMatchObject({
      origin: ORIGIN,
      lastActivityAt: expect.any(Date),
      lastIpAddress: ORIGIN.ipAddress,
    });
  });

  it('leaves out what is revoked or expired', async () => {
    const device = { deviceFingerprint: randomUUID() };
    const good = await createFrom(device);
    const revoked = await createFrom(device);
    await rig.operator.revokeSession({
      target: { $case: 'sessionId', value: revoked.id },
      reason: RevokedReason.REVOKED_REASON_LOGOUT,
    });
    await createFrom(device, { lifetimeSeconds: 1 });
    await waitFor(async () => (await findAll(device)).length === 1);
    expect(await findAll(device)).toEqual([good.id]);
  });

  it('goes by each of its conditions, and by all of them together', async () => {
    const start = new Date();
    const device = { deviceFingerprint: randomUUID() };
    const one = await createFrom({
      ...device,
      countryCode: 'NZ',
      userAgent: 'Lynx/2.9 (100%_sure)',
      ipAddress: '192.0.2.77',
    });
    const two = await createFrom({ ...device, countryCode: 'NO', userAgent: 'lynx/2.8', ipAddress: '2001:db8::77' });
    const find = (conditions: Partial<SessionSearch>) => findAll({ ...device, ...conditions });
    const [justOne, justTwo, both] = [[one.id], [two.id], [one.id, two.id]];
    expect(await findAll({ userId: one.userId })).toEqual(justOne);
    expect(await findAll({ userId: one.userId, countryCode: 'NO' })).toEqual([]);
    expect(await find({ countryCode: 'NZ' })).toEqual(justOne);
    expect(await find({ userAgentContains: 'LYNX' })).toEqual(both);
    expect(await find({ userAgentContains: 'x/2.8' })).toEqual(justTwo);
    for (const [network, expected] of [
      ['192.0.2.77', justOne],
      ['192.0.2.0/24', justOne],
      ['192.0.2.77/24', justOne],
      ['192.0.2.76/31', justOne],
      ['192.0.2.78/31', []],
      ['0.0.0.0/0', justOne],
      ['2001:db8::/32', justTwo],
      ['::/0', justTwo],
      ['2001:db9::/32', []],
    ] as const) {
      expect([network, await find({ ipNetwork: network })]).toEqual([network, expected]);
    }
    const later = new Date(Date.now() + 60_000);
    expect(await find({ createdFrom: start })).toEqual(both);
    expect(await find({ createdBefore: start })).toEqual([]);
    expect(await find({ createdFrom: start, createdBefore: later })).toEqual(both);
    expect(await find({ createdFrom: new Date('2100-01-01T00:00:00Z') })).toEqual([]);
    expect(await find({ inactiveSince: start })).toEqual([]);
    expect(await find({ inactiveSince: later })).toEqual(both);
  });

  it.each([
    ['10.9.8.7', '10.9.8.7'],
    ['::ffff:10.9.8.7', '10.9.8.7'],
    ['::FFFF:0A09:0807', '10.9.8.7'],
    ['10.9.8.7:51234', '10.9.8.7'],
    ['[::ffff:10.9.8.7]:443', '10.9.8.7'],
  ])('finds by its network a session from %s', async (told, address) => {
    const { id, userId } = await createFrom({ ipAddress: told });
    const networks = [
      '10.0.0.0/8',
      '10.9.8.7',
      '::ffff:10.9.8.7',
      '::ffff:10.0.0.0/104',
      '::FFFF:0A09:0800/120',
      '0.0.0.0/0',
    ];
    for (const ipNetwork of [...networks, '::ffff:0:0/96', '0000:0000:0000:0000:0000:ffff:10.9.8.200/120']) {
      expect([ipNetwork, await findAll({ userId, ipNetwork })]).toEqual([ipNetwork, [id]]);
    }
    expect(await findAll({ userId, ipNetwork: '11.0.0.0/8' })).toEqual([]);
    const { sessions } = await rig.operator.searchSessions({ search: { ...ANY, userId }, pageSize: 1, pageToken: '' });
    expect(sessions[0]).toMatchObject({ origin: { ipAddress: address }, lastIpAddress: address });
  });

  it('finds by its zone, which is nothing to anybody else, no other than without', async () => {
    const { id, userId } = await createFrom({ ipAddress: 'fe80::1%eth0' });
    for (const ipNetwork of ['fe80::1', 'FE80:0::1', 'fe80::1%eth1', 'fe80::/10', 'fe80::1%eth0/64']) {
      expect(await findAll({ userId, ipNetwork })).toEqual([id]);
    }
  });

  it('finds a session whose address an instance of before has kept as IPv6 maps it', async () => {
    const { id, userId } = await createFrom({ ipAddress: '2001:db8::1' });
    for (const addresses of [`'::ffff:10.9.8.7', null`, `null, '::ffff:10.9.8.7'`]) {
      await query(
        rig.service.database.adminUrl,
        `update session.sessions set (ip_address, last_ip_address) = row(${addresses}) where id = $1`,
        [id],
      );
      for (const ipNetwork of ['10.0.0.0/8', '10.9.8.7', '::ffff:10.9.8.7']) {
        expect([ipNetwork, await findAll({ userId, ipNetwork })]).toEqual([ipNetwork, [id]]);
      }
      expect(await findAll({ userId, ipNetwork: '10.9.8.8' })).toEqual([]);
    }
  });

  it('takes no character of a text for a wildcard', async () => {
    const device = { deviceFingerprint: randomUUID() };
    const { id } = await createFrom({ ...device, userAgent: 'Odd\\ 100%_sure' });
    const find = (userAgentContains: string) => findAll({ ...device, userAgentContains });
    for (const text of ['%_S', '100%', 'd\\ ', '_']) expect(await find(text)).toEqual([id]);
    for (const text of ['100_', '%%', '1%sure', 'odd_', '.*', '\\%']) expect(await find(text)).toEqual([]);
  });

  it('finds a session by the address that it was last used from', async () => {
    const { id, userId, sessionToken } = await createFrom({ ipAddress: '192.0.2.1' }, { idleTimeoutSeconds: 10 });
    // What Envoy tells of the request is noted a second after the session was made, at the earliest.
    await waitFor(async () => {
      await rig.checkHeaders({ authorization: `Bearer ${sessionToken}` });
      return (await findAll({ userId, ipNetwork: '198.51.100.23' })).length > 0;
    });
    expect(await findAll({ userId, ipNetwork: '192.0.2.1' })).toEqual([id]);
  });

  it('answers with an empty page rather than to search for ever', async () => {
    const { id } = await createFrom({ deviceFingerprint: 'seldom' });
    await query(
      rig.service.database.adminUrl,
      `insert into session.sessions (id, user_id, session_token_hash, authentication_methods, created_at, expires_at,
         last_activity_at)
       select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, gen_random_uuid(), sha256(n::text::bytea),
         '{pwd}', now(), now() + interval '1 hour', now() from generate_series(1, 5000) n`,
    );
    const first = await search({ deviceFingerprint: 'seldom' });
    expect(first).toMatchObject({ sessions: [], nextPageToken: expect.stringMatching(/./) });
    expect((await search({ deviceFingerprint: 'seldom' }, 0, first.nextPageToken)).sessions).toMatchObject([
      { sessionId: id },
    ]);
    // Who asks for what was created lately does not have to walk through all that is older.
    const lately = await search({ deviceFingerprint: 'seldom', createdFrom: new Date(Date.now() - 60_000) });
    expect(lately.sessions).toMatchObject([{ sessionId: id }]);
  });

  it('takes a page token for nothing but the search that gave it', async () => {
    const device = { deviceFingerprint: randomUUID() };
    for (let i = 0; i < 2; i++) await createFrom(device);
    const { nextPageToken } = await search(device, 1);
    const invalid = { kind: 'invalid', reason: 'PAGE_TOKEN_INVALID' };
    for (const pageToken of [tampered(nextPageToken), `${nextPageToken}A`, 'AAAA']) {
      await expect(search(device, 1, pageToken)).rejects.toMatchObject(invalid);
    }
    for (const changed of [{}, { ...device, countryCode: 'DE' }, { ...device, createdFrom: new Date() }]) {
      await expect(search(changed, 1, nextPageToken)).rejects.toMatchObject(invalid);
    }
    const revoke = {
      search: { ...ANY, ...device },
      reason: RevokedReason.REVOKED_REASON_LOGOUT,
      maxSessions: 1,
      pageToken: nextPageToken,
    };
    await expect(rig.operator.revokeFoundSessions(revoke)).rejects.toMatchObject(invalid);
  });

  it('through an application needs the permission', async () => {
    const request = { search: { ...ANY, userId: READER }, pageSize: 0, pageToken: '' };
    await expect(rig.app.searchSessions(request)).rejects.toMatchObject({ reason: 'ACTING_USER_REQUIRED' });
    const [stranger, reader] = [await rig.create(), await rig.create(READER)];
    await expect(rig.app.searchSessions(request, { sessionToken: stranger.sessionToken })).rejects.toMatchObject({
      reason: 'PERMISSION_MISSING',
      metadata: { permission: 'sessions:read' },
    });
    const { sessions } = await rig.app.searchSessions(request, { sessionToken: reader.sessionToken });
    expect(sessions).toHaveLength(1);
  });

  it.each(['identity', 'edge/envoy', 'authz', 'audit', 'ops'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, SessionServiceService);
    await expect(client.searchSessions({ search: ANY, pageSize: 0, pageToken: '' })).rejects.toMatchObject({
      reason: 'PEER_NOT_ALLOWED',
    });
  });

  it.each<[field: string, wrong: Partial<SessionSearch>]>([
    ['user_id', { userId: 'me' }],
    ['ip_network', { ipNetwork: 'here' }],
    ['ip_network', { ipNetwork: '192.0.2.0/33' }],
    ['ip_network', { ipNetwork: '192.0.2/24' }],
    ['ip_network', { ipNetwork: '2001:db8::/129' }],
    ['ip_network', { ipNetwork: '2001:db8::1::2' }],
    ['ip_network', { ipNetwork: '1.2.3.4.5' }],
    ['country_code', { countryCode: 'de' }],
    ['user_agent_contains', { userAgentContains: 'x\0' }],
    ['device_fingerprint', { deviceFingerprint: 'x'.repeat(129) }],
    ['created_from', { createdFrom: new Date(-8.64e15) }],
    ['created_before', { createdBefore: new Date(8.64e15) }],
    ['inactive_since', { inactiveSince: new Date(8.64e15) }],
  ])('names the field that is wrong: %s', async (field, wrong) => {
    await expect(search(wrong)).rejects.toMatchObject({
      reason: 'FIELD_INVALID',
      fields: [expect.objectContaining({ field: `search.${field}` })],
    });
  });
});
