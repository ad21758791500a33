import { randomBytes, randomUUID } from 'node:crypto';
import { uuidTimeMs } from '@gatehouse/process';
import { AuthorizationService, type CheckResponse } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { RevokedReason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { HealthCheckResponse_ServingStatus, HealthService } from '@gatehouse/proto/health/v1/health.ts';
import { envoyCheckRequest, fakeClock, outboxEvents, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { okHeaders, type StartedSession, startSession, tampered } from './harness.ts';

let rig: StartedSession;
const clock = fakeClock();

beforeAll(async () => {
  rig = await startSession({ clock });
});
afterAll(() => rig.stop());

/** Status, reason and headers of an answer that denies. */
function denial({ status, httpResponse, dynamicMetadata }: CheckResponse) {
  if (httpResponse?.$case !== 'deniedResponse') throw new Error('It was not denied.');
  const { value } = httpResponse;
  const headers = Object.fromEntries(value.headers.map(({ header }) => [header?.key, header?.value]));
  return {
    grpc: status?.code,
    http: value.status?.code,
    headers,
    body: JSON.parse(value.body),
    metadata: dynamicMetadata,
  };
}

describe('Check', () => {
  it.each([
    ['a bearer token', (token: string) => ({ authorization: `Bearer ${token}` })],
    ['the cookie', (token: string) => ({ cookie: `theme=dark; __Host-gatehouse_session=${token}` })],
  ])('lets a request with %s pass, and tells the upstream who it is', async (_what, headers) => {
    const { sessionToken, session } = await rig.create();
    const answer = await rig.checkHeaders(headers(sessionToken));
    expect(okHeaders(answer)).toMatchObject({
      'x-auth-subject': session.userId,
      'x-auth-session': session.sessionId,
      'x-auth-methods': 'pwd',
      'x-auth-level': '1',
    });
    expect(answer.dynamicMetadata).toEqual({
      decision: 'allowed',
      subject: session.userId,
      session: session.sessionId,
      level: 1,
    });
    expect(JSON.stringify(answer)).not.toContain(sessionToken);
  });

  it('overwrites or removes every inbound copy of an identity header, and the credential', async () => {
    const { sessionToken, session } = await rig.create();
    const answer = await rig.checkHeaders({
      authorization: `Bearer ${sessionToken}`,
      cookie: `__Host-gatehouse_session=${sessionToken}; theme=dark`,
      'x-auth-subject': 'root',
      'x-auth-session': 'root',
      'x-auth-roles': 'admin',
      x_auth_subject: 'root',
      'x-auth_methods': 'mfa',
    });
    expect(okHeaders(answer)).toEqual({
      'x-auth-subject': session.userId,
      'x-auth-session': session.sessionId,
      'x-auth-methods': 'pwd',
      'x-auth-level': '1',
      'x-auth-token': expect.stringMatching(/^ey/),
      cookie: 'theme=dark',
    });
    const ok = answer.httpResponse?.$case === 'okResponse' ? answer.httpResponse.value : undefined;
    expect(ok?.headers.every(({ appendAction }) => appendAction === 2)).toBe(true);
    expect([...(ok?.headersToRemove ?? [])].sort()).toEqual([
      'authorization',
      'x-auth-roles',
      'x-auth_methods',
      'x_auth_subject',
    ]);
  });

  it('removes the cookie header when it held nothing else', async () => {
    const { sessionToken } = await rig.create();
    const { httpResponse } = await rig.checkHeaders({ cookie: `__Host-gatehouse_session=${sessionToken}` });
    expect(httpResponse).toMatchObject({ value: { headersToRemove: ['cookie'] } });
  });

  it('denies with 401, a challenge, a reason and a body', async () => {
    const { sessionToken } = await rig.create(undefined, 60);
    const none = denial(await rig.checkHeaders({}));
    expect(none).toMatchObject({
      grpc: 16,
      http: 401,
      headers: {
        'www-authenticate': 'Bearer realm="gatehouse"',
        'x-ext-auth-reason': 'SESSION_TOKEN_MISSING',
        'cache-control': 'no-store',
      },
      body: { reason: 'SESSION_TOKEN_MISSING' },
      metadata: { decision: 'denied', reason: 'SESSION_TOKEN_MISSING' },
    });
    const bad = denial(await rig.checkHeaders({ authorization: `Bearer ${tampered(sessionToken)}` }));
    expect(bad).toMatchObject({ grpc: 16, http: 401, body: { reason: 'SESSION_TOKEN_INVALID' } });
    expect(bad.headers['www-authenticate']).toContain('error="invalid_token"');
    const two = denial(
      await rig.checkHeaders({ authorization: `Bearer ${sessionToken}`, cookie: '__Host-gatehouse_session=other' }),
    );
    expect(two.body.reason).toBe('SESSION_TOKEN_AMBIGUOUS');
    await rig.checkHeaders({ authorization: `Bearer ${sessionToken}` });
    clock.advance(60_000);
    const late = denial(await rig.checkHeaders({ authorization: `Bearer ${sessionToken}` }));
    expect(late).toMatchObject({ http: 401, body: { reason: 'SESSION_EXPIRED' } });
  });

  it('denies a revoked session', async () => {
    const { sessionToken } = await rig.create();
    await rig.checkHeaders({ authorization: `Bearer ${sessionToken}` });
    await rig.app.revokeSession({ target: { $case: 'sessionToken', value: sessionToken }, reason: 1 });
    expect(denial(await rig.checkHeaders({ authorization: `Bearer ${sessionToken}` })).body.reason).toBe(
      'SESSION_REVOKED',
    );
  });

  it('reads headers that Envoy sends one by one', async () => {
    const { sessionToken, session } = await rig.create();
    const request = envoyCheckRequest({});
    const raw = (key: string, text: string) => ({ key, value: '', rawValue: Buffer.from(text) });
    const headerMap = {
      headers: [
        raw('Cookie', 'a=b'),
        raw('cookie', `__Host-gatehouse_session=${sessionToken}`),
        raw('x-auth-subject', 'root'),
      ],
    };
    const http = request.attributes?.request?.http;
    if (!http) throw new Error('The request has no HTTP part.');
    Object.assign(http, { headers: {}, headerMap });
    const answer = await rig.edge.check(request);
    expect(okHeaders(answer)['x-auth-subject']).toBe(session.userId);
  });

  it('never answers without a status, whatever it is sent', async () => {
    const halfEmpty = envoyCheckRequest({});
    if (halfEmpty.attributes) halfEmpty.attributes.request = undefined;
    for (const request of [{ attributes: undefined }, halfEmpty]) {
      expect(denial(await rig.edge.check(request)).grpc).toBe(16);
    }
    for (let i = 0; i < 200; i++) {
      const junk = randomBytes(1 + (i % 90))
        .toString('latin1')
        .replaceAll(/[^\x20-\x7e]/g, '~');
      expect(denial(await rig.checkHeaders({ authorization: `Bearer ${junk}`, cookie: junk })).grpc).toBe(16);
    }
  });

  it('notes a denial under the request id and address of the HTTP request', async () => {
    const requestId = '4f8b0e64-7d54-4a0e-a6e4-4d3cde1a2f11';
    const { sessionToken, session } = await rig.create();
    const target = { $case: 'sessionToken', value: sessionToken } as const;
    await rig.app.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT });
    await rig.checkHeaders({ 'x-request-id': requestId, authorization: `Bearer ${sessionToken}` });
    const event = await waitFor(async () =>
      (await outboxEvents(rig.service)).find((each) => each.requestId === requestId),
    );
    expect(event).toMatchObject({
      eventType: 'request.denied',
      eventStatus: 2,
      peer: 'edge/envoy',
      ipAddress: '198.51.100.23',
      userAgent: 'Firefox/150.0',
      sessionId: session.sessionId,
      attributes: { reason: 'SESSION_REVOKED' },
    });
  });

  it('tells the trail once of a question that Envoy asks again of another instance', async () => {
    const { database, redis } = rig.service;
    const other = await startSession({ clock, database, redis, instance: 'other' });
    const { sessionToken } = await rig.create();
    const requestId = randomUUID();
    const question = () => {
      const request = envoyCheckRequest({ 'x-request-id': requestId, authorization: `Bearer ${sessionToken}` });
      if (request.attributes) request.attributes.contextExtensions = { min_level: '3' };
      return request;
    };
    const asked = question();
    for (const instance of [rig, other, rig]) {
      expect(denial(await instance.edge.check(asked)).body.reason).toBe('LEVEL_TOO_LOW');
    }
    // The same client with the same request id asks something else, and somebody asks in another's words.
    await other.edge.check(question());
    await other.service.connectAs('edge/other', AuthorizationService).check(asked);
    // What it had to tell is then told.
    await other.stop();
    const events = await waitFor(async () => {
      const found = await outboxEvents(rig.service, requestId);
      return found.length >= 3 ? found : undefined;
    });
    expect(events.map(({ peer }) => peer).sort()).toEqual(['edge/envoy', 'edge/envoy', 'edge/other']);
    for (const { eventId, occurredAt } of events) expect(occurredAt?.getTime()).toBe(uuidTimeMs(eventId));
  });

  it.each([
    ['long ago', -3_600_000],
    ['in a time to come', 3_600_000],
  ])('does not let a proxy say that a refusal was %s', async (_when, offsetMs) => {
    const requestId = randomUUID();
    const { sessionToken } = await rig.create();
    const request = envoyCheckRequest({ 'x-request-id': requestId, authorization: `Bearer ${sessionToken}` });
    if (!request.attributes?.request) throw new Error('The question has no request.');
    request.attributes.contextExtensions = { min_level: '3' };
    request.attributes.request.time = new Date(Date.now() + offsetMs);
    const before = Date.now();
    await rig.edge.check(request);
    const [event] = await waitFor(async () => {
      const found = await outboxEvents(rig.service, requestId);
      return found.length > 0 ? found : undefined;
    });
    expect(Math.abs((event?.occurredAt?.getTime() ?? 0) - before)).toBeLessThan(3_600_000 / 2);
  });

  it('says to an edge whether it serves', async () => {
    const health = rig.service.connectAs('edge/envoy', HealthService);
    const { status } = await health.check({ service: 'envoy.service.auth.v3.Authorization' });
    expect(status).toBe(HealthCheckResponse_ServingStatus.SERVING);
  });

  it.each(['app/test', 'identity', 'authz'])('is refused to %s', async (peer) => {
    const client = rig.service.connectAs(peer, AuthorizationService);
    await expect(client.check(envoyCheckRequest({}))).rejects.toMatchObject({ reason: 'PEER_NOT_ALLOWED' });
  });
});
