import { randomUUID } from 'node:crypto';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { RevokedReason, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import type { Client, ClientCallContext, RpcDefinitions } from '@gatehouse/rpc';
import * as session from '@gatehouse/session-service';
import { type FakeClock, fakeClock, startTestService, type TestService } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture, traced } from './fixture.ts';

/** One RPC that administers roles. */
export interface Administration<Definition extends RpcDefinitions> {
  /** The service of the test file, whose stores are used. */
  readonly fixture: () => Fixture;
  /** The service that it belongs to; AuthzService when absent. */
  readonly service?: Definition;
  /** The permission that an end user needs. */
  readonly permission: string;
  /** Calls it so that nothing but the caller's right can be in the way. */
  readonly call: (client: Client<Definition>, context: ClientCallContext, on: Fixture) => Promise<unknown>;
  /** The column that says who did it, in one row of the table; undefined when nothing says so. */
  readonly witness?: { readonly table: string; readonly column: string };
  /** Absent for an RPC that only reads. */
  readonly eventType?: string;
}

const LIFETIME_SECONDS = 3_600;

/** Tests who may call an RPC: operators, and applications for end users who hold its permission. */
export function describeAdministration<Definition extends RpcDefinitions = typeof AuthzServiceService>({
  fixture: of,
  service,
  permission,
  call,
  witness,
  eventType,
}: Administration<Definition>): void {
  describe('who may do it', () => {
    let clock: FakeClock;
    let sessions: TestService;
    let fixture: Fixture;

    beforeAll(async () => {
      clock = fakeClock(new Date());
      const { database, redis } = of().service;
      sessions = await startTestService({ name: 'session', main: session, clock, redis });
      const env = { GATEHOUSE_SESSION_ADDRESS: sessions.address };
      fixture = await startFixture({ env, database, redis, instance: 'administration' });
    });
    afterAll(async () => {
      await fixture?.stop();
      await sessions?.stop();
    });

    // Without a service the type of the definition is that of AuthzService.
    const definition = service ?? (AuthzServiceService as unknown as Definition);
    const as = (peer: string) => fixture.service.connectAs(peer, definition);
    const expectEvent = async (requestId: string, expected: object) => {
      if (eventType === undefined) return;
      const [event] = (await fixture.eventsOf(requestId, 1)).filter((each) => each.eventType === eventType);
      expect(event).toMatchObject(expected);
    };
    const signIn = async (userId: string) => {
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
      await call(as('operator/ada'), context, fixture);
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
      await call(as('operator/ada'), context, fixture);
      await expectEvent(context.requestId, { actor: `user:${userId}`, peer: 'operator/ada' });
      if (witness) expect(await witnessed(userId)).toBe(1);
    });

    it('an application for an end user who holds the permission, at once after it was granted', async () => {
      const userId = randomUUID();
      const context = { ...traced(), sessionToken: await signIn(userId) };
      await expect(call(as('app/admin'), context, fixture)).rejects.toMatchObject({
        kind: 'denied',
        reason: 'PERMISSION_MISSING',
        metadata: { permission },
      });
      expect(await fixture.eventsOf(context.requestId, 1)).toEqual([
        expect.objectContaining({ eventType: 'permission.denied', userId, attributes: { permission } }),
      ]);
      await fixture.grant(userId, await fixture.role({ permissions: [permission] }));
      const allowed = { ...context, ...traced() };
      await call(as('app/admin'), allowed, fixture);
      await expectEvent(allowed.requestId, { actor: `user:${userId}`, peer: 'app/admin' });
      if (witness) expect(await witnessed(userId)).toBe(1);
    });

    it('no application by itself', async () => {
      await expect(call(as('app/admin'), {}, fixture)).rejects.toMatchObject({
        kind: 'unauthenticated',
        reason: 'ACTING_USER_REQUIRED',
      });
    });

    it('no application with what is no session token, or that of a session which has ended', async () => {
      const userId = randomUUID();
      await fixture.grant(userId, await fixture.role({ permissions: [permission] }));
      const attempt = (sessionToken: string) => call(as('app/admin'), { sessionToken }, fixture);
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

    it.each(['identity', 'session', 'authz', 'audit', 'ops', 'edge/envoy', 'stranger'])('not %s', async (peer) => {
      const context = { sessionToken: await signIn(randomUUID()) };
      await expect(call(as(peer), context, fixture)).rejects.toMatchObject({
        kind: 'denied',
        reason: 'PEER_NOT_ALLOWED',
      });
    });

    it('nobody while the session service can not say who is meant', async () => {
      const { database, redis } = of().service;
      const alone = await startFixture({ database, redis, instance: 'alone' });
      try {
        const app = alone.service.connectAs('app/admin', definition);
        await expect(call(app, { sessionToken: 'ghs_any' }, alone)).rejects.toMatchObject({ kind: 'unavailable' });
      } finally {
        await alone.stop();
      }
    });
  });
}

/** Tests that an RPC is UNAVAILABLE, and nothing else, while Postgres is out of reach. */
export function itNeedsPostgres(fixture: () => Fixture, call: (fixture: Fixture) => Promise<unknown>): void {
  it('answers UNAVAILABLE while Postgres is out of reach', async () => {
    const env = { GATEHOUSE_AUTHZ_POSTGRES_URL: 'postgres://gatehouse_authz:x@127.0.0.1:1/gatehouse' };
    const { database, redis } = fixture().service;
    const cutOff = await startFixture({ env, database, redis, instance: 'cut-off' });
    try {
      await expect(call(cutOff)).rejects.toMatchObject({ kind: 'unavailable', reason: 'POSTGRES_UNAVAILABLE' });
    } finally {
      await cutOff.stop();
    }
  });
}
