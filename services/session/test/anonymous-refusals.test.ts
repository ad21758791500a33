import { randomBytes } from 'node:crypto';
import { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import { ask, outboxEvents, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Doors, startDoors } from './edge-doors.ts';
import { ORIGIN, type StartedSession, startSession, tampered } from './harness.ts';

/** Keeps the stores while the other one stops, by which it tells what it has counted. */
let keeper: StartedSession;
let doors: Doors;

beforeAll(async () => {
  keeper = await startSession();
  const { database, redis } = keeper.service;
  doors = await startDoors({ database, redis, instance: 'doors' });
});
afterAll(() => keeper.stop());

const count = (times: number, ask: (index: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: times }, (_, index) => ask(index).catch(() => {})));
const events = () => outboxEvents(keeper.service);

describe('refusals of nobody', () => {
  it('leave one event for each door, which hides nothing, and those of somebody one each', async () => {
    const { rig } = doors;
    const known = await rig.create(undefined, 1);
    const other = await rig.create();
    await waitFor(() => Date.now() > (known.session.expiresAt?.getTime() ?? 0));
    const tokens = rig.service.connectAs('app/test', TokenServiceService);
    const nginx = await doors.authority.issue('edge/nginx');
    const from = async (address: string, headers: Record<string, string> = {}) => {
      const forwarded = {
        'x-forwarded-method': 'GET',
        'x-forwarded-host': 'shop.example.com',
        'x-forwarded-for': address,
      };
      const reply = await ask(`${doors.url}/forward-auth`, { headers: { ...headers, ...forwarded } }, nginx);
      return reply.headers['x-ext-auth-reason'];
    };

    expect(await from('203.0.113.9')).toBe('SESSION_TOKEN_MISSING');
    await count(40, () => from('2001:db8::1'));
    await count(30, (index) => from(`2001:db8::${index.toString(16)}`, { authorization: `Bearer nonsense${index}` }));
    await count(25, (index) => from(`198.51.100.${index}`));
    await count(10, () => doors.grpc({}));
    await count(3, () => doors.grpc({ headers: { authorization: `Bearer ${tampered(other.sessionToken)}` } }));
    await count(2, () => doors.grpc({ policy: { min_level: 'high' } }));
    await count(20, () => rig.validate('nonsense'));
    await count(1, async () => {
      const sessionTokens = Array.from({ length: 500 }, () => `ghs_${randomBytes(51).toString('base64url')}`);
      await rig.app.batchValidateSessions({ sessionTokens, freshness: 1, consistencyToken: '' });
    });
    await count(5, () => tokens.refreshSession({ refreshToken: 'nonsense', audience: '', origin: ORIGIN }));
    await count(4, () => tokens.introspectToken({ token: 'nonsense', tokenTypeHint: 0 }));
    // Of somebody: the holder of a session that has ended.
    await count(1, () => from('203.0.113.7', { authorization: `Bearer ${known.sessionToken}` }));
    await count(1, () => rig.validate(known.sessionToken));
    await count(1, () => tokens.introspectToken({ token: known.sessionToken, tokenTypeHint: 0 }));

    const before = await waitFor(async () => {
      const refused = (await events()).filter(({ eventStatus }) => eventStatus === 2);
      return refused.length === 3 ? refused : undefined;
    });
    expect(before.map(({ eventType }) => eventType).sort()).toEqual([
      'request.denied',
      'session.refused',
      'session.refused',
    ]);
    for (const event of before) {
      expect(event).toMatchObject({ sessionId: known.session.sessionId, attributes: { reason: 'SESSION_EXPIRED' } });
    }

    await doors.stop();
    const counted = (await events()).filter(({ eventType }) => eventType === 'anonymous_requests.refused');
    expect(counted).toHaveLength(2);
    const [edge, service] = ['edge', 'service'].map((door) =>
      counted.find(({ attributes }) => attributes.door === door),
    );
    expect(edge).toMatchObject({ service: 'session', actor: 'peer:session', eventStatus: 2, ipAddress: '' });
    expect(edge?.attributes).toMatchObject({
      count: '111',
      reasons: 'SESSION_TOKEN_MISSING 76, SESSION_TOKEN_INVALID 33, POLICY_INVALID 2',
      address_01: '2001:db8::/64 70',
      address_02: expect.stringMatching(/^198\.51\.100\.23 1[56]$/),
    });
    expect(Object.keys(edge?.attributes ?? {}).filter((key) => key.startsWith('address_'))).toHaveLength(20);
    expect(service?.attributes).toMatchObject({
      count: '529',
      reasons: 'SESSION_TOKEN_INVALID 520, REFRESH_TOKEN_INVALID 5, ACCESS_TOKEN_INVALID 4',
      address_01: expect.stringMatching(/^127\.0\.0\.1 /),
      address_02: `${ORIGIN.ipAddress} 5`,
    });
  });
});
