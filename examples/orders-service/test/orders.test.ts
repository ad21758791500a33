import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { TokenServiceService } from '@gatehouse/proto/gatehouse/session/v1/token.ts';
import * as main from '@gatehouse/session-service';
import { startTestService, type TestService, testAuthority, testStores, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let service: TestService;
let orders: ChildProcess;
let url = '';

beforeAll(async () => {
  service = await startTestService({ name: 'session', main });
  const { ca, cert, key } = await (await testAuthority()).issue('app/orders');
  orders = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ORDERS_PORT: '0',
      GATEHOUSE_SESSION_ADDRESS: service.address,
      GATEHOUSE_TLS_CA: ca,
      GATEHOUSE_TLS_CERT: cert,
      GATEHOUSE_TLS_KEY: key,
      GATEHOUSE_TRUST_DOMAIN: testStores().trustDomain,
    },
  });
  let printed = '';
  for (const output of [orders.stdout, orders.stderr]) {
    output?.on('data', (text: Buffer) => {
      printed += text;
    });
  }
  url = await waitFor(() => /http:\S+/.exec(printed)?.[0]);
});
afterAll(async () => {
  const ended = once(orders, 'exit');
  orders.kill('SIGTERM');
  // It lets go of everything, so that nothing keeps the process alive.
  expect(await ended).toEqual([0, null]);
  await service.stop();
});

async function signIn(authenticationLevel = 1) {
  const identity = service.connectAs('identity', SessionServiceService);
  const request = { userId: randomUUID(), authenticationMethods: ['pwd'], authenticationLevel, origin: undefined };
  const none = { lifetimeSeconds: 0, idleTimeoutSeconds: 0, withRefreshToken: false };
  const { sessionToken, session } = await identity.createSession({ ...request, ...none });
  return { token: sessionToken, sessionId: session?.sessionId ?? '', bearer: `Bearer ${sessionToken}` };
}

async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: unknown) {
  const json =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const all = { ...json.headers, ...headers, connection: 'close' };
  const response = await fetch(`${url}${path}`, { method, ...json, headers: all });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

const validatesLocally = async () => (await ask('GET', '/healthz')).body.validatesLocally;

describe('the orders service', () => {
  it('knows whose orders are asked for, by bearer token or cookie', async () => {
    const one = await signIn();
    const other = await signIn();
    const placed = await ask('POST', '/orders', { authorization: one.bearer }, { item: 'lamp' });
    expect(placed).toMatchObject({ status: 201, body: { item: 'lamp' } });
    const cookie = `__Host-gatehouse_session=${one.token}`;
    expect(await ask('GET', '/orders', { cookie })).toMatchObject({
      status: 200,
      body: { orders: [{ item: 'lamp' }] },
    });
    expect(await ask('GET', '/orders', { authorization: other.bearer })).toMatchObject({ body: { orders: [] } });
    expect(await ask('GET', '/orders')).toMatchObject({ status: 401, body: { reason: 'SESSION_TOKEN_MISSING' } });
  });

  it('takes no order that another site makes the browser place', async () => {
    const { token } = await signIn();
    const headers = { cookie: `__Host-gatehouse_session=${token}`, 'sec-fetch-site': 'cross-site' };
    expect(await ask('POST', '/orders', headers, { item: 'lamp' })).toMatchObject({ status: 403 });
  });

  it('ends a session at once, and hears of one that was ended elsewhere', async () => {
    const here = await signIn();
    expect((await ask('GET', '/orders', { authorization: here.bearer })).status).toBe(200);
    const signedOut = await ask('POST', '/sign-out', { authorization: here.bearer });
    expect(signedOut.status).toBe(204);
    expect(signedOut.headers.get('set-cookie')).toMatch(/^__Host-gatehouse_session=; Max-Age=0;/);
    const refused = { status: 401, body: { reason: 'SESSION_REVOKED' } };
    expect(await ask('GET', '/orders', { authorization: here.bearer })).toMatchObject(refused);

    const elsewhere = await signIn();
    await waitFor(validatesLocally);
    expect((await ask('GET', '/orders', { authorization: elsewhere.bearer })).status).toBe(200);
    const operator = service.connectAs('operator/test', SessionServiceService);
    await operator.revokeSession({ target: { $case: 'sessionId', value: elsewhere.sessionId }, reason: 2 });
    await waitFor(async () => (await ask('GET', '/orders', { authorization: elsewhere.bearer })).status === 401);
  });

  it('asks for a stronger proof where more is at stake', async () => {
    const weak = await ask('POST', '/orders/cancel-all', { authorization: (await signIn(1)).bearer });
    expect(weak).toMatchObject({ status: 401, body: { reason: 'LEVEL_TOO_LOW' } });
    expect((await ask('POST', '/orders/cancel-all', { authorization: (await signIn(2)).bearer })).status).toBe(200);
  });

  it('answers other services that bring an access token', async () => {
    const { token, bearer } = await signIn();
    await ask('POST', '/orders', { authorization: bearer }, { item: 'desk' });
    const edge = service.connectAs('edge/envoy', TokenServiceService);
    const { accessToken } = await edge.issueAccessToken({ sessionToken: token, audience: '' });
    const answer = await ask('GET', '/internal/order-count', { authorization: `Bearer ${accessToken}` });
    expect(answer).toMatchObject({ status: 200, body: { count: 1 } });
    expect((await ask('GET', '/internal/order-count', { authorization: bearer })).status).toBe(401);
  });

  it('says that nobody can tell when the session service is gone, and not that the user is nobody', async () => {
    const { bearer } = await signIn();
    expect((await ask('GET', '/orders', { authorization: bearer })).status).toBe(200);
    await service.stop();
    await waitFor(async () => (await ask('GET', '/orders', { authorization: bearer })).status === 503);
  });
});
