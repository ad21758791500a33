import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RevokedReason } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import {
  ask,
  type CertificateFiles,
  createAuthority,
  outboxEvents,
  startPostgres,
  startRedis,
  waitFor,
} from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Doors, startDoors } from './edge-doors.ts';
import { privateDatabase } from './private-database.ts';

const COOKIE = '__Host-gatehouse_session';

let doors: Doors;
let nginx: CertificateFiles;

beforeAll(async () => {
  doors = await startDoors();
  nginx = await doors.authority.issue('edge/nginx');
});
afterAll(() => doors.stop());

const forwardAuth = (headers: Record<string, string>, path = '/forward-auth') =>
  ask(doors.url + path, { headers: { 'x-forwarded-method': 'GET', ...headers } }, nginx);

describe('forward-auth', () => {
  it('gives back what the upstream may have of Cookie and Authorization', async () => {
    const { sessionToken } = await doors.rig.create();
    const session = `${COOKIE}=${sessionToken}`;
    const both = await forwardAuth({ cookie: `a=b; ${session}; c="d e"`, authorization: 'Basic dTpw' });
    expect(both).toMatchObject({ status: 200, headers: { cookie: 'a=b; c="d e"', authorization: 'Basic dTpw' } });
    const none = await forwardAuth({ cookie: session, authorization: `Bearer ${sessionToken}` });
    expect(none.status).toBe(200);
    expect(none.headers).not.toHaveProperty('cookie');
    expect(none.headers).not.toHaveProperty('authorization');
    const untouched = await forwardAuth({ cookie: 'a=b', authorization: `Bearer ${sessionToken}` });
    expect(untouched.headers).toMatchObject({ cookie: 'a=b' });
    expect(JSON.stringify([both, none, untouched])).not.toContain(sessionToken);
  });

  it.each([
    'x.auth.subject',
    'X_AUTH_SUBJECT',
    'x~auth~subject',
    "x'auth!subject",
    'x-auth_token',
    'x-auth-roles',
    'X-Auth-Rest-Of-Cookie',
    'x.tenant',
    'X_Tenant',
  ])('refuses a request with %s, which no proxy takes away by name', async (name) => {
    const { sessionToken } = await doors.rig.create();
    const headers = { authorization: `Bearer ${sessionToken}`, [name]: 'root' };
    const refused = { status: 400, headers: { 'x-ext-auth-reason': 'HEADER_NOT_ACCEPTED' } };
    for (const path of ['/forward-auth/header.x-tenant=acme', '/forward-auth/header.x-tenant=acme&anonymous=allow']) {
      const reply = await forwardAuth(headers, path);
      expect(reply).toMatchObject(refused);
      expect(JSON.parse(reply.body)).toMatchObject({ reason: 'HEADER_NOT_ACCEPTED' });
      expect(JSON.stringify(reply)).not.toContain('root');
    }
    expect(await forwardAuth({ [name]: 'root' }, '/forward-auth/header.x-tenant=acme')).toMatchObject(refused);
  });

  it.each(['X-Auth-Subject', 'x-auth-level', 'X-TENANT', 'x-authentic', 'x.author', 'x-tenants', 'auth'])(
    'takes no offence at %s, which the answer overwrites or which looks like nothing of the kind',
    async (name) => {
      const { sessionToken, session } = await doors.rig.create();
      const headers = { authorization: `Bearer ${sessionToken}`, [name]: 'root' };
      const reply = await forwardAuth(headers, '/forward-auth/header.x-tenant=acme');
      expect(reply).toMatchObject({ status: 200, headers: { 'x-auth-subject': session.userId, 'x-tenant': 'acme' } });
    },
  );

  it('is not to be kept by anybody', async () => {
    const { sessionToken } = await doors.rig.create();
    for (const headers of [{}, { authorization: `Bearer ${sessionToken}` }]) {
      expect((await forwardAuth(headers)).headers['cache-control']).toBe('no-store');
    }
  });

  it('takes no settings from a query, because some proxies leave that of the end user there', async () => {
    const refused = await forwardAuth({}, '/forward-auth?anonymous=allow');
    expect(refused).toMatchObject({ status: 500, headers: { 'x-ext-auth-reason': 'POLICY_INVALID' } });
    expect(await forwardAuth({}, '/forward-auth/anonymous=allow?min_level=1')).toMatchObject({ status: 500 });
    expect(await forwardAuth({}, '/forward-auth/anonymous=allow')).toMatchObject({ status: 200 });
  });

  it('sees several Authorization headers, of which none may be dropped in silence', async () => {
    const [one, two] = [await doors.rig.create(), await doors.rig.create()];
    const authorization = [`Bearer ${one.sessionToken}`, `Bearer ${two.sessionToken}`];
    const reply = await ask(`${doors.url}/forward-auth`, { headers: { authorization } }, nginx);
    expect(reply).toMatchObject({ status: 401, headers: { 'x-ext-auth-reason': 'SESSION_TOKEN_AMBIGUOUS' } });
  });

  it('notes a denial under the request id, the client that the proxy saw, and the proxy', async () => {
    const requestId = '4f8b0e64-7d54-4a0e-a6e4-4d3cde1a2f22';
    const { sessionToken, session } = await doors.rig.create();
    const target = { $case: 'sessionToken', value: sessionToken } as const;
    await doors.rig.app.revokeSession({ target, reason: RevokedReason.REVOKED_REASON_LOGOUT });
    const headers = {
      'x-request-id': requestId,
      'x-forwarded-for': '10.0.0.1, 198.51.100.23',
      'user-agent': 'Firefox',
      authorization: `Bearer ${sessionToken}`,
    };
    await forwardAuth(headers);
    const event = await waitFor(async () =>
      (await outboxEvents(doors.rig.service)).find((each) => each.requestId === requestId),
    );
    expect(event).toMatchObject({
      eventType: 'request.denied',
      eventStatus: 2,
      peer: 'edge/nginx',
      ipAddress: '198.51.100.23',
      userAgent: 'Firefox',
      sessionId: session.sessionId,
      attributes: { reason: 'SESSION_REVOKED' },
    });
    const metrics = await doors.rig.metrics();
    expect(metrics).toMatch(/session_decisions_total\{at="edge",result="SESSION_REVOKED",service="session"\} \d/);
    expect(metrics).toMatch(/http_server_handling_seconds_count\{.*route="forward-auth",status="401"\} \d/);
  });
});

describe('the HTTP server', () => {
  it.each([
    ['edge/nginx', 200],
    ['edge/traefik', 200],
    ['operator/test', 200],
    ['app/test', 403],
    ['identity', 403],
    ['session', 403],
  ])('answers %s with %i', async (peer, status) => {
    const files = await doors.authority.issue(peer);
    const reply = await ask(`${doors.url}/forward-auth/anonymous=allow`, {}, files);
    expect(reply.status).toBe(status);
    if (status === 403) expect(reply.headers['x-ext-auth-reason']).toBe('PEER_NOT_ALLOWED');
  });

  it('hangs up on a certificate of somebody else, and on none', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gatehouse-stranger-'));
    const strangers = await createAuthority({ directory, trustDomain: doors.authority.trustDomain });
    const stranger = { ...(await strangers.issue('edge/nginx')), ca: nginx.ca };
    await expect(ask(`${doors.url}/forward-auth`, {}, stranger)).rejects.toThrow();
    const agent = new Agent({ keepAlive: false });
    const bare = new Promise((resolve, reject) => {
      request(`${doors.url}/forward-auth`, { agent, ca: readFileSync(nginx.ca) }, resolve)
        .once('error', reject)
        .end();
    });
    await expect(bare).rejects.toThrow();
    rmSync(directory, { recursive: true });
  });

  it('serves the key set to those who may read it over gRPC', async () => {
    const app = await doors.authority.issue('app/orders');
    const reply = await ask(`${doors.url}/.well-known/jwks.json`, {}, app);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body)).toMatchObject({ keys: [{ kty: 'EC', alg: 'ES256' }] });
  });

  it.each([
    ['a path that there is not', '/forward-authentic', {}, 404, 'NOT_FOUND'],
    ['another method', '/forward-auth', { method: 'POST' }, 405, 'METHOD_NOT_ALLOWED'],
    ['a body', '/forward-auth', { body: 'a=b', headers: { 'content-length': '3' } }, 413, 'BODY_NOT_ACCEPTED'],
    [
      'a body in pieces',
      '/forward-auth',
      { headers: { 'transfer-encoding': 'chunked' }, body: 'a' },
      413,
      'BODY_NOT_ACCEPTED',
    ],
  ])('refuses %s', async (_what, path, asked, status, reason) => {
    const reply = await ask(doors.url + path, asked, nginx);
    expect(reply).toMatchObject({ status, headers: { 'x-ext-auth-reason': reason } });
  });

  it('refuses more headers than it has room for, and a header past the thousandth still counts', async () => {
    const huge = await ask(`${doors.url}/forward-auth`, { headers: { 'x-long': 'a'.repeat(50_000) } }, nginx);
    expect(huge.status).toBe(431);
    const { sessionToken } = await doors.rig.create();
    const many = Object.fromEntries(Array.from({ length: 2_100 }, (_, i) => [`x-${i}`, 'a']));
    const headers = { ...many, authorization: `Bearer ${sessionToken}` };
    expect((await ask(`${doors.url}/forward-auth`, { headers }, nginx)).status).toBe(200);
  });
});

describe('with both stores gone', () => {
  it('the answer is 503 with a reason and when to ask again: not denied, not allowed, not as nobody either', async () => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    const own = await startDoors({ redis, database: await privateDatabase(postgres) });
    const files = await own.authority.issue('edge/nginx');
    const { sessionToken } = await own.rig.create();
    const headers = { authorization: `Bearer ${sessionToken}` };
    const reply = (path = '/forward-auth') => ask(own.url + path, { headers }, files);
    expect((await reply()).status).toBe(200);
    await Promise.all([postgres.kill(), redis.kill()]);
    await waitFor(async () => (await reply()).status !== 200);
    for (const path of ['/forward-auth', '/forward-auth/anonymous=allow']) {
      const fault = await reply(path);
      expect(fault).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(fault.headers['x-ext-auth-reason']).toMatch(/UNAVAILABLE$/);
    }
    await own.stop();
    await Promise.all([postgres.stop('immediate'), redis.stop()]);
  });
});
