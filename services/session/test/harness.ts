import { randomUUID } from 'node:crypto';
import { AuthorizationService, type CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { Freshness, type Session, SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type ClientCallContext, lookupGate } from '@gatehouse/rpc';
import * as main from '@gatehouse/session-service';
import {
  envoyCheckRequest,
  metricsOf,
  startTestService,
  type TestService,
  type TestServiceOptions,
  waitFor,
} from '@gatehouse/testing';

/** As many as the service has connections: one more would wait for one, and be refused on a busy machine. */
const CREATED_AT_ONCE = 10;

export type SessionConfig = ReturnType<typeof main.readConfig>;

/** The session service on stores of its own, with what tests ask of it. */
export async function startSession(options: Partial<TestServiceOptions<SessionConfig>> = {}) {
  const service = await startTestService({ name: 'session', main, ...options });
  const identity = service.connectAs('identity', SessionServiceService);
  const app = service.connectAs('app/test', SessionServiceService);
  const edge = service.connectAs('edge/envoy', AuthorizationService);
  const creations = lookupGate(CREATED_AT_ONCE);
  return {
    service,
    identity,
    app,
    edge,
    operator: service.connectAs('operator/test', SessionServiceService),
    create: async (userId: string = randomUUID(), lifetimeSeconds = 0) => {
      const { sessionToken, session } = await creations.run(() =>
        identity.createSession({ ...REQUEST, userId, lifetimeSeconds }),
      );
      if (!session) throw new Error('No session came back.');
      return { sessionToken, session };
    },
    validate: (sessionToken: string, freshness: Freshness = Freshness.FRESHNESS_BOUNDED, context?: ClientCallContext) =>
      app.validateSession({ sessionToken, freshness, consistencyToken: '' }, context),
    checkHeaders: (headers: Record<string, string>, context?: ClientCallContext) =>
      edge.check(envoyCheckRequest({ 'x-request-id': randomUUID(), ...headers }), context),
    metrics: () => metricsOf(service),
    stop: () => service.stop(),
  };
}

/** For tests of what is kept with a session in memory: a busy machine must not make the instance forget it. */
export const STEADY = { GATEHOUSE_SESSION_STALENESS_BOUND_MS: '60000' };

/**
 * Waits until the instance keeps what it validates: until it believes Redis, which empties its memory once, and the bus has
 * proved itself. Start it with STEADY.
 */
export async function untilSteady(rig: Pick<StartedSession, 'create' | 'validate' | 'metrics'>): Promise<void> {
  await waitFor(async () => (await rig.metrics()).includes('cache_redis_trusted{service="session"} 1'));
  const { sessionToken } = await rig.create();
  await waitFor(async () => {
    await rig.validate(sessionToken);
    return /^cache_hits_total\{[^}]*topic="session",layer="l1"[^}]*\} [1-9]/m.test(await rig.metrics());
  });
}

export type StartedSession = Awaited<ReturnType<typeof startSession>>;

export const ORIGIN = {
  ipAddress: '203.0.113.7',
  userAgent: 'Firefox/150.0',
  deviceFingerprint: 'device-1',
  countryCode: 'DE',
  city: 'Köln',
};

export const REQUEST = {
  userId: '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1',
  authenticationMethods: ['pwd'],
  origin: ORIGIN,
  lifetimeSeconds: 0,
  authenticationLevel: 0,
  idleTimeoutSeconds: 0,
  withRefreshToken: false,
};

/** What a validation shows of a session: all but where it came from. */
export function validated(session: Session) {
  return { session: { ...session, origin: undefined } };
}

/** Headers of an answer that allows, by name; throws when it denies. */
export function okHeaders({ status, httpResponse }: CheckResponse): Record<string, string> {
  if (status?.code !== 0 || httpResponse?.$case !== 'okResponse') throw new Error(`Denied: ${status?.message}`);
  return Object.fromEntries(httpResponse.value.headers.map(({ header }) => [header?.key, header?.value]));
}

/** Tampers with one character of a token. */
export function tampered(token: string): string {
  return token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
}

export type { TestService };
