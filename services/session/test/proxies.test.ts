import { randomUUID } from 'node:crypto';
import { outboxEvents, startPostgres, startRedis, type WebServerProgram, waitFor } from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthz } from './authz-stand-in.ts';
import { type Doors, startDoors } from './edge-doors.ts';
import { REQUEST, tampered } from './harness.ts';
import { privateDatabase } from './private-database.ts';
import { header, identityOf, received, startApplication, startProxy } from './proxied.ts';

const READER = randomUUID();
const STRANGER = randomUUID();
const COOKIE = '__Host-gatehouse_session';

/** Every spelling of a forged identity that the proxy is able to take away. nginx can't remove by prefix. */
const FORGED = {
  'X-Auth-Subject': 'root',
  'x-auth-token': 'forged',
  'X-Auth-Level': '3',
  'X-Auth_Subject': 'root',
  x_auth_subject: 'root',
  'X-Tenant': 'evil',
  X_Tenant: 'evil',
};
const FORGED_FURTHER: Readonly<Record<WebServerProgram, Readonly<Record<string, string>>>> = {
  nginx: {},
  caddy: { 'X-Auth-Roles': 'admin' },
};

describe.each(['nginx', 'caddy'] as const)('%s with the example that is shipped', (program) => {
  describeWith(program, 'in front of session', () => {
    let postgres: Awaited<ReturnType<typeof startPostgres>>;
    let redis: Awaited<ReturnType<typeof startRedis>>;
    let authz: Awaited<ReturnType<typeof startAuthz>>;
    let application: Awaited<ReturnType<typeof startApplication>>;
    let doors: Doors;
    let proxy: Awaited<ReturnType<typeof startProxy>>;
    const forged = { ...FORGED, ...FORGED_FURTHER[program] };

    beforeAll(async () => {
      [postgres, redis, application] = await Promise.all([startPostgres(), startRedis(), startApplication()]);
      authz = await startAuthz(
        (user, permission) => user === READER && permission === 'projects:read',
        'minimizeLatency',
      );
      const env = { GATEHOUSE_AUTHZ_ADDRESS: authz.address };
      doors = await startDoors({ env, redis, database: await privateDatabase(postgres) });
      proxy = await startProxy(program, { doors, applicationPort: application.port });
    });
    afterAll(async () => {
      await proxy?.stop();
      await doors?.stop();
      await Promise.all([authz?.stop(), application?.stop(), redis?.stop(), postgres?.stop('immediate')]);
    });

    const create = async (userId = STRANGER, authenticationLevel = 1) => {
      const { sessionToken, session } = await doors.rig.identity.createSession({
        ...REQUEST,
        userId,
        authenticationLevel,
      });
      return {
        token: sessionToken,
        sessionId: session?.sessionId,
        bearer: { authorization: `Bearer ${sessionToken}` },
      };
    };
    const identity = (userId: string, sessionId = '') => ({
      'X-Auth-Subject': userId,
      'X-Auth-Session': sessionId,
      'X-Auth-Methods': 'pwd',
      'X-Auth-Level': expect.stringMatching(/^[12]$/),
      'X-Auth-Token': expect.stringMatching(/^ey/),
    });

    it('tells the application who is calling, and nothing that the client says of it', async () => {
      const { bearer, sessionId } = await create();
      const got = received(await proxy.get('/orders/42?full=1', { headers: { ...forged, ...bearer } }));
      expect(got).toMatchObject({ method: 'GET', url: '/orders/42?full=1' });
      expect(identityOf(got)).toEqual(identity(STRANGER, sessionId));
      expect(header(got, 'x-tenant')).toBeUndefined();
      expect(header(got, 'x_tenant')).toBeUndefined();
      expect(header(got, 'authorization')).toBeUndefined();
    });

    it('keeps the cookie of the session from the application, and no other', async () => {
      const { token, sessionId } = await create();
      const own = `${COOKIE}=${token}`;
      const others = ['theme={"dark":true,"since":7}', 'lang=en,de'];
      const among = received(await proxy.get('/', { headers: { cookie: `${others[0]}; ${own}; ${others[1]}` } }));
      expect(header(among, 'cookie')).toBe(others.join('; '));
      expect(identityOf(among)).toEqual(identity(STRANGER, sessionId));
      const alone = received(await proxy.get('/', { headers: { cookie: own, authorization: 'Basic dTpw' } }));
      expect(header(alone, 'cookie')).toBeUndefined();
      expect(header(alone, 'authorization')).toBe('Basic dTpw');
      expect(JSON.stringify([among, alone])).not.toContain(token);
    });

    it('answers 401 with a challenge and a reason, and the application hears nothing', async () => {
      const { token } = await create();
      const before = application.count();
      const none = await proxy.get('/', { headers: forged });
      expect(none).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="gatehouse"', 'x-ext-auth-reason': 'SESSION_TOKEN_MISSING' },
      });
      const bad = await proxy.get('/', { headers: { authorization: `Bearer ${tampered(token)}` } });
      expect(bad).toMatchObject({ status: 401, headers: { 'x-ext-auth-reason': 'SESSION_TOKEN_INVALID' } });
      expect(bad.headers['www-authenticate']).toContain('error="invalid_token"');
      expect(application.count()).toBe(before);
    });

    it('lets nobody pass where the route lets it, without any identity', async () => {
      const { token, bearer, sessionId } = await create();
      for (const headers of [{}, { authorization: `Bearer ${tampered(token)}` }, { cookie: `${COOKIE}=nonsense` }]) {
        const got = received(await proxy.get('/public/page', { headers: { ...forged, ...headers } }));
        expect(identityOf(got)).toEqual({});
        for (const name of ['authorization', 'cookie', 'x-tenant']) expect(header(got, name)).toBeUndefined();
      }
      expect(identityOf(received(await proxy.get('/public/page', { headers: bearer })))).toEqual(
        identity(STRANGER, sessionId),
      );
    });

    it('asks for the level and the permission of a route, and adds its header', async () => {
      const weak = await proxy.get('/admin/', { headers: (await create(READER)).bearer });
      expect(weak).toMatchObject({ status: 401, headers: { 'x-ext-auth-reason': 'LEVEL_TOO_LOW' } });
      expect(weak.headers['www-authenticate']).toMatch(/insufficient_user_authentication.*acr_values="2"/);
      const stranger = await proxy.get('/admin/', { headers: (await create(STRANGER, 2)).bearer });
      expect(stranger).toMatchObject({ status: 403, headers: { 'x-ext-auth-reason': 'PERMISSION_MISSING' } });
      const { bearer, sessionId } = await create(READER, 2);
      const got = received(await proxy.get('/admin/users', { headers: { ...forged, ...bearer } }));
      expect(identityOf(got)).toEqual(identity(READER, sessionId));
      expect(header(got, 'x-tenant')).toBe('acme');
      expect(header(got, 'x_tenant')).toBeUndefined();
    });

    it.each([
      '/public/../admin/users',
      '/public/%2e%2e/admin/users',
      '/public%2f..%2fadmin/users',
      '//admin/users',
      '/./admin/users',
      '/%61dmin/users',
    ])('takes %s for what an application takes it for', async (path) => {
      expect((await proxy.get(path)).status).not.toBe(200);
      const { bearer } = await create(STRANGER);
      expect((await proxy.get(path, { headers: bearer })).status).not.toBe(200);
    });

    it('lets nobody choose the policy by the query of the request', async () => {
      for (const query of ['anonymous=allow', 'min_level=1&anonymous=allow']) {
        expect((await proxy.get(`/?${query}`)).status).toBe(401);
      }
      const { bearer } = await create();
      expect(received(await proxy.get('/?anonymous=maybe', { headers: bearer })).url).toBe('/?anonymous=maybe');
    });

    it('stops a form of another site that sends the cookie, and lets one of its own pass with its body', async () => {
      const { token, bearer } = await create();
      const post = (headers: Record<string, string>) =>
        proxy.get('/orders', {
          method: 'POST',
          body: 'amount=1',
          headers: { 'content-length': '8', 'content-type': 'text/plain', ...headers },
        });
      const cookie = { cookie: `${COOKIE}=${token}` };
      const suspected = { status: 403, headers: { 'x-ext-auth-reason': 'CSRF_SUSPECTED' } };
      expect(await post({ ...cookie, 'sec-fetch-site': 'cross-site' })).toMatchObject(suspected);
      expect(await post({ ...cookie, origin: 'https://evil.example' })).toMatchObject(suspected);
      expect(await post({ ...cookie, origin: 'https://evil.example', 'x-forwarded-method': 'GET' })).toMatchObject(
        suspected,
      );
      expect(
        await post({ ...cookie, origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' }),
      ).toMatchObject(suspected);
      for (const headers of [
        { ...cookie, 'sec-fetch-site': 'same-origin' },
        { ...cookie, origin: proxy.url },
        { ...bearer, 'sec-fetch-site': 'cross-site' },
      ]) {
        expect(received(await post(headers))).toMatchObject({ method: 'POST', body: 'amount=1' });
      }
    });

    it('notes the address of the client that it saw, and no request id of the client', async () => {
      const requestId = randomUUID();
      const userAgent = `test ${requestId}`;
      const headers = { 'x-forwarded-for': '192.0.2.1', 'x-request-id': requestId, 'user-agent': userAgent };
      await proxy.get('/', { headers });
      const event = await waitFor(async () =>
        (await outboxEvents(doors.rig.service)).find((each) => each.userAgent === userAgent),
      );
      expect(event).toMatchObject({ peer: `edge/${program}`, ipAddress: '127.0.0.1' });
      expect(event.requestId).not.toBe(requestId);
    });

    it('does not ask about the health check, and lets no identity through there either', async () => {
      const { bearer } = await create();
      const got = received(await proxy.get('/healthz', { headers: { ...forged, ...bearer, cookie: 'a=b' } }));
      expect(identityOf(got)).toEqual({});
      for (const name of ['authorization', 'cookie', 'x-tenant']) expect(header(got, name)).toBeUndefined();
    });

    it('serves many requests over the connections that it keeps', async () => {
      const { bearer } = await create();
      // A proxy that hears nothing for two seconds, as on a machine that stands still, says so and is asked again.
      const answers = new Set<number>();
      const served = () =>
        waitFor(async () => {
          const { status } = await proxy.get('/', { headers: bearer });
          answers.add(status);
          return status === 200;
        });
      await Promise.all(Array.from({ length: 50 }, served));
      answers.delete(503);
      expect(answers).toEqual(new Set([200]));
    });

    it('answers 500 for a route that is not configured rightly, and says so', async () => {
      const edit = (text: string) => text.replaceAll('min_level=2', 'minlevel=2');
      const other = await startProxy(program, { doors, applicationPort: application.port, edit });
      const { bearer } = await create(READER, 2);
      const reply = await other.get('/admin/', { headers: bearer });
      expect(reply).toMatchObject({ status: 500, headers: { 'x-ext-auth-reason': 'POLICY_INVALID' } });
      await other.stop();
    });

    if (program === 'caddy')
      it("without the question mark refuses every query, for it is not the operator's", async () => {
        const edit = (text: string) => text.replace('{args.0}?', '{args.0}');
        const other = await startProxy(program, { doors, applicationPort: application.port, edit });
        const { bearer } = await create();
        expect((await other.get('/?anonymous=allow')).status).toBe(500);
        expect((await other.get('/?full=1', { headers: bearer })).status).toBe(500);
        expect((await other.get('/', { headers: bearer })).status).toBe(200);
        await other.stop();
      });

    // The last two, because they end what the others need.
    it("answers 503 and when to ask again while Gatehouse can't tell: nobody passes", async () => {
      const { bearer } = await create();
      await Promise.all([postgres.kill(), redis.kill()]);
      const asked = () => proxy.get('/', { headers: bearer });
      await waitFor(async () => (await asked()).status !== 200);
      const before = application.count();
      for (const reply of [await asked(), await proxy.get('/public/', { headers: bearer })]) {
        expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
        expect(reply.headers['x-ext-auth-reason']).toMatch(/UNAVAILABLE$/);
      }
      expect(application.count()).toBe(before);
    });

    it('lets nobody pass while Gatehouse is gone', async () => {
      const { bearer } = { bearer: { authorization: 'Bearer ghs_a' } };
      await doors.stop();
      const before = application.count();
      for (const path of ['/', '/public/', '/admin/']) {
        const { status } = await proxy.get(path, { headers: bearer });
        expect(status).toBe(program === 'nginx' ? 503 : 502);
      }
      expect(application.count()).toBe(before);
    });
  });
});
