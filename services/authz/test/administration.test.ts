import { randomUUID } from 'node:crypto';
import { RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import * as session from '@gatehouse/session-service';
import { type FakeClock, fakeClock, startTestService, type TestService } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMINISTERED } from './administered-rpcs.ts';
import { type Fixture, startFixture, traced } from './fixture.ts';

const LIFETIME_SECONDS = 3_600;

let clock: FakeClock;
let sessions: TestService;
let fixture: Fixture;
/** Knows no session service. */
let alone: Fixture;
/** Reaches no Postgres. */
let cutOff: Fixture;

beforeAll(async () => {
  clock = fakeClock(new Date());
  sessions = await startTestService({ name: 'session', main: session, clock });
  fixture = await startFixture({ env: { GATEHOUSE_SESSION_ADDRESS: sessions.address } });
  const { database, redis } = fixture.service;
  alone = await startFixture({ database, redis, instance: 'alone' });
  const env = { GATEHOUSE_AUTHZ_POSTGRES_URL: 'postgres://gatehouse_authz:x@127.0.0.1:1/gatehouse' };
  cutOff = await startFixture({ env, database, redis, instance: 'cut-off' });
});
afterAll(async () => {
  for (const each of [cutOff, alone, fixture]) await each?.stop();
  await sessions?.stop();
});

async function signIn(userId: string): Promise<string> {
  const { sessionToken } = await sessions.connectAs('identity', SessionServiceService).createSession({
    userId,
    authenticationMethods: ['pwd'],
    origin: undefined,
    lifetimeSeconds: LIFETIME_SECONDS,
    authenticationLevel: 1,
    idleTimeoutSeconds: 0,
    withRefreshToken: false,
  });
  return sessionToken;
}

describe.each(ADMINISTERED)('who may call $name', ({ permission, connect, witness, eventType }) => {
  const as = (peer: string) => connect(fixture, peer);
  const expectEvent = async (requestId: string, expected: object) => {
    if (eventType === undefined) return;
    const [event] = (await fixture.eventsOf(requestId, 1)).filter((each) => each.eventType === eventType);
    expect(event).toMatchObject(expected);
  };
  /** How many rows say that it was this user who did it, or nobody. */
  const witnessed = async (userId: string | null) => {
    if (!witness) return 0;
    const [row] = await fixture.rows<{ rows: bigint }>(
      `select count(*) as rows from authz.${witness.table} where ${witness.column} is not distinct from $1::uuid`,
      [userId],
    );
    return Number(row?.rows);
  };

  it('an operator, in whose name alone it is recorded', async () => {
    const context = traced();
    const before = await witnessed(null);
    await as('operator/ada')(context);
    await expectEvent(context.requestId, {
      actor: 'peer:operator/ada',
      peer: 'operator/ada',
      ipAddress: '127.0.0.1',
    });
    if (witness) expect(await witnessed(null)).toBeGreaterThan(before);
  });

  it('an operator for an end user, who needs no permission and is recorded', async () => {
    const userId = randomUUID();
    const context = { ...traced(), sessionToken: await signIn(userId) };
    await as('operator/ada')(context);
    await expectEvent(context.requestId, { actor: `user:${userId}`, peer: 'operator/ada' });
    if (witness) expect(await witnessed(userId)).toBe(1);
  });

  it('an application for an end user who holds the permission, at once after it was granted', async () => {
    const userId = randomUUID();
    const context = { ...traced(), sessionToken: await signIn(userId) };
    await expect(as('app/admin')(context)).rejects.toMatchObject({
      kind: 'denied',
      reason: 'PERMISSION_MISSING',
      metadata: { permission },
    });
    expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
      expect.objectContaining({ eventType: 'permission.denied', userId, attributes: { permission } }),
    ]);
    await fixture.grant(userId, await fixture.role({ permissions: [permission] }));
    const allowed = { ...context, ...traced() };
    await as('app/admin')(allowed);
    await expectEvent(allowed.requestId, { actor: `user:${userId}`, peer: 'app/admin' });
    if (witness) expect(await witnessed(userId)).toBe(1);
  });

  it('no application by itself', async () => {
    await expect(as('app/admin')({})).rejects.toMatchObject({
      kind: 'unauthenticated',
      reason: 'ACTING_USER_REQUIRED',
    });
  });

  it('no application with what is no session token, or that of a session which has ended', async () => {
    const userId = randomUUID();
    await fixture.grant(userId, await fixture.role({ permissions: [permission] }));
    const attempt = (sessionToken: string) => as('app/admin')({ sessionToken });
    await expect(attempt('ghs_nonsense')).rejects.toMatchObject({
      kind: 'unauthenticated',
      reason: 'SESSION_TOKEN_INVALID',
    });
    const revoked = await signIn(userId);
    await sessions.connectAs('app/admin', SessionServiceService).revokeSession({
      target: { $case: 'sessionToken', value: revoked },
      reason: RevokedReason.REVOKED_REASON_LOGOUT,
    });
    await expect(attempt(revoked)).rejects.toMatchObject({ kind: 'unauthenticated', reason: 'SESSION_REVOKED' });
    const expired = await signIn(userId);
    clock.advance(LIFETIME_SECONDS * 1_000 + 1);
    await expect(attempt(expired)).rejects.toMatchObject({ kind: 'unauthenticated', reason: 'SESSION_EXPIRED' });
  });

  it('no other peer, whatever end user it names', async () => {
    const context = { sessionToken: await signIn(randomUUID()) };
    for (const peer of ['identity', 'session', 'authz', 'audit', 'ops', 'edge/envoy', 'stranger']) {
      const refusal = { kind: 'denied', reason: 'PEER_NOT_ALLOWED' };
      await expect(as(peer)(context), peer).rejects.toMatchObject(refusal);
    }
  });

  it('nobody while the session service can not say who is meant', async () => {
    const asked = connect(alone, 'app/admin')({ sessionToken: 'ghs_any' });
    await expect(asked).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('nobody gets another answer than UNAVAILABLE while Postgres is out of reach', async () => {
    const asked = connect(cutOff, 'operator/ada')({});
    await expect(asked).rejects.toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' });
  });
});
