import { randomUUID } from 'node:crypto';
import {
  ask,
  outboxEvents,
  startApplication,
  startPostgres,
  startRedis,
  type WebServerProgram,
  waitFor,
} from '@gatehouse/testing';
import { describeWith } from '@gatehouse/testing/describe-with';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthz } from './authz-stand-in.ts';
import { type Doors, startDoors } from './edge-doors.ts';
import { REQUEST, tampered } from './harness.ts';
import { privateDatabase } from './private-database.ts';
import { believed, header, received, startProxy } from './proxied.ts';

const READER = randomUUID();
const STRANGER = randomUUID();
/** Holds what a reader holds, from one address. */
const TRAVELLER = randomUUID();
const AWAY = '203.0.113.9';
const COOKIE = '__Host-gatehouse_session';

/** A forged identity under the very names that each proxy overwrites. */
const FORGED = {
  'X-Auth-Subject': ['root', 'admin'],
  'x-auth-token': 'forged',
  'X-AUTH-LEVEL': '3',
  'X-Tenant': 'evil',
};
/** What may stand in the name of a header besides letters and digits (RFC 9110, section 5.6.2). */
const SEPARATORS = [..."!#$%&'*+-.^_`|~"];
/** Names that CGI and its heirs read as one that Gatehouse sets, or says that it takes away. */
const MISSPELT = [
  ...SEPARATORS.filter((each) => each !== '-').flatMap((each) => [
    `X${each}Auth${each}Subject`,
    `x-auth${each}token`,
    `X${each}TENANT`,
  ]),
  'X.Auth_Level',
  'X-Auth-Roles',
  'x!auth~roles',
  'X-Auth-Rest-Of-Cookie',
];

/** What each example says that has to be changed behind another proxy, which is on this machine here. */
const behindAnother: Readonly<Record<WebServerProgram, (text: string) => string>> = {
  nginx: (text) =>
    uncommented(text, 'set_real_ip_from 10.0.0.0/8;', 'real_ip_header X-Forwarded-For;').replace(
      '10.0.0.0/8',
      '127.0.0.0/8',
    ),
  caddy: (text) => uncommented(text, 'header_up X-Forwarded-For {http.request.header.X-Forwarded-For}'),
  envoy: (text) => uncommented(text, 'xff_num_trusted_hops: 1'),
};

function uncommented(text: string, ...lines: readonly string[]): string {
  return lines.reduce((result, line) => {
    if (!result.includes(`# ${line}\n`)) throw new Error(`The example does not hold ${line}`);
    return result.replace(`# ${line}\n`, `${line}\n`);
  }, text);
}

describe.each(['nginx', 'caddy', 'envoy'] as const)('%s with the example that is shipped', (program) => {
  describeWith(program, 'in front of session', () => {
    let postgres: Awaited<ReturnType<typeof startPostgres>>;
    let redis: Awaited<ReturnType<typeof startRedis>>;
    let authz: Awaited<ReturnType<typeof startAuthz>>;
    let application: Awaited<ReturnType<typeof startApplication>>;
    let doors: Doors;
    let proxy: Awaited<ReturnType<typeof startProxy>>;

    beforeAll(async () => {
      [postgres, redis, application] = await Promise.all([startPostgres(), startRedis(), startApplication()]);
      authz = await startAuthz(
        (user, permission, ip) =>
          permission === 'projects:read' && (user === READER || (user === TRAVELLER && ip === AWAY)),
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
      'x-auth-subject': userId,
      'x-auth-session': sessionId,
      'x-auth-methods': 'pwd',
      'x-auth-level': expect.stringMatching(/^[12]$/),
      'x-auth-token': expect.stringMatching(/^ey/),
    });

    it('tells the application who is calling, and nothing that the client says of it', async () => {
      const { bearer, sessionId } = await create();
      const got = received(await proxy.get('/orders/42?full=1', { headers: { ...FORGED, ...bearer } }));
      expect(got).toMatchObject({ method: 'GET', url: '/orders/42?full=1' });
      expect(believed(got)).toEqual(identity(STRANGER, sessionId));
      expect(header(got, 'authorization')).toBeUndefined();
    });

    it.each(MISSPELT)('never lets %s tell the application anything', async (name) => {
      const { bearer, sessionId } = await create(READER, 2);
      const told = identity(READER, sessionId);
      for (const [path, headers, expected] of [
        ['/', bearer, told],
        ['/admin/', bearer, { ...told, 'x-tenant': 'acme' }],
        ['/public/', bearer, told],
        ['/public/', {}, {}],
        ['/healthz', {}, {}],
      ] as const) {
        for (const value of ['root', ['root', 'admin']]) {
          const before = application.count();
          const reply = await proxy.get(path, { headers: { ...headers, [name]: value } });
          if (reply.status === 200) expect(believed(received(reply)), path).toEqual(expected);
          else
            expect([reply.headers['x-ext-auth-reason'], application.count()]).toEqual(['HEADER_NOT_ACCEPTED', before]);
        }
      }
    });

    it('answers 400 and why where it can not take such a header away', async () => {
      const { bearer } = await create(READER, 2);
      const refused = { status: 400, headers: { 'x-ext-auth-reason': 'HEADER_NOT_ACCEPTED' } };
      // nginx drops what has a dot in its name, as it comes from nginx.
      const name = program === 'nginx' ? 'X-Auth-Roles' : 'X.Auth.Subject';
      for (const [path, headers] of [
        ['/', bearer],
        ['/', {}],
        ['/public/', {}],
        ['/admin/', bearer],
      ] as const) {
        const reply = await proxy.get(path, { headers: { ...headers, [name]: 'root' } });
        if (program !== 'envoy') expect(reply).toMatchObject(refused);
        else expect(reply.headers['x-ext-auth-reason']).not.toBe('HEADER_NOT_ACCEPTED');
      }
    });

    it.each([
      'X-Auth-Subject',
      'close, x-auth-token',
      'X-Auth-Session,X-Auth-Level , X-Auth-Methods',
      'X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Method',
      'keep-alive, Cookie, Authorization',
      'upgrade, X-Auth-Subject',
      'X-Tenant',
    ])('lets nobody take away with "Connection: %s" what Gatehouse says', async (connection) => {
      const { bearer, sessionId } = await create(READER, 2);
      const reply = await proxy.get('/admin/', { headers: { ...FORGED, ...bearer, connection } });
      const told = { ...identity(READER, sessionId), 'x-tenant': 'acme' };
      if (program !== 'envoy' || reply.status === 200) expect(believed(received(reply))).toEqual(told);
      // Envoy takes away what is named before it asks, or takes offence.
      else expect([400, 401]).toContain(reply.status);
      const misspelt = { ...bearer, connection: 'X.Auth.Subject', 'X.Auth.Subject': 'root' };
      const other = await proxy.get('/', { headers: misspelt });
      if (other.status === 200) expect(believed(received(other))).toEqual(identity(READER, sessionId));
      else expect(other.headers['x-ext-auth-reason']).toBe('HEADER_NOT_ACCEPTED');
    });

    it.each(['Upgrade', 'keep-alive, Upgrade', 'upgrade, X-Auth-Subject'])(
      'opens a WebSocket with "Connection: %s", and tells the application whose it is',
      async (connection) => {
        const { bearer, sessionId } = await create();
        const reply = await proxy.open('/socket', { ...bearer, connection });
        expect(reply.status).toBe(101);
        const got = received({ ...reply, status: 200 });
        expect(believed(got)).toEqual(identity(STRANGER, sessionId));
        expect(header(got, 'sec-websocket-key')).toBeDefined();
      },
    );

    it('opens no WebSocket for nobody, nor for a page of another site, and no other protocol', async () => {
      const { token, bearer } = await create();
      const before = application.count();
      expect((await proxy.open('/socket', {})).status).toBe(401);
      const cookie = { cookie: `${COOKIE}=${token}`, origin: 'https://evil.example' };
      const planted = await proxy.open('/socket', cookie);
      expect(planted).toMatchObject({ status: 403, headers: { 'x-ext-auth-reason': 'CSRF_SUSPECTED' } });
      expect(application.count()).toBe(before);
      const reply = await proxy.open('/socket', { ...bearer, upgrade: 'h2c', 'http2-settings': 'AAMAAABk' });
      expect(reply.status).not.toBe(101);
      if (reply.status === 200) expect(header(received(reply), 'upgrade')).toBeUndefined();
    });

    it('keeps the cookie of the session from the application, and no other', async () => {
      const { token, sessionId } = await create();
      const own = `${COOKIE}=${token}`;
      const others = ['theme={"dark":true,"since":7}', 'lang=en,de'];
      const among = received(await proxy.get('/', { headers: { cookie: `${others[0]}; ${own}; ${others[1]}` } }));
      expect(header(among, 'cookie')).toBe(others.join('; '));
      expect(believed(among)).toEqual(identity(STRANGER, sessionId));
      const alone = received(await proxy.get('/', { headers: { cookie: own, authorization: 'Basic dTpw' } }));
      expect(header(alone, 'cookie')).toBeUndefined();
      expect(header(alone, 'authorization')).toBe('Basic dTpw');
      expect(JSON.stringify([among, alone])).not.toContain(token);
    });

    it('answers 401 with a challenge and a reason, and the application hears nothing', async () => {
      const { token } = await create();
      const before = application.count();
      const none = await proxy.get('/', { headers: FORGED });
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
        const got = received(await proxy.get('/public/page', { headers: { ...FORGED, ...headers } }));
        expect(believed(got)).toEqual({});
        for (const name of ['authorization', 'cookie']) expect(header(got, name)).toBeUndefined();
      }
      expect(believed(received(await proxy.get('/public/page', { headers: bearer })))).toEqual(
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
      const got = received(await proxy.get('/admin/users', { headers: { ...FORGED, ...bearer } }));
      expect(believed(got)).toEqual({ ...identity(READER, sessionId), 'x-tenant': 'acme' });
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
      const { bearer } = await create(TRAVELLER, 2);
      const claims = { 'x-forwarded-for': '192.0.2.1', 'x-request-id': requestId, 'user-agent': userAgent };
      // Refused for want of a permission, since what nobody is refused is only counted.
      await proxy.get('/admin/', { headers: { ...bearer, ...claims } });
      const event = await waitFor(async () =>
        (await outboxEvents(doors.rig.service)).find((each) => each.userAgent === userAgent),
      );
      expect(event).toMatchObject({ peer: `edge/${program}`, ipAddress: '127.0.0.1' });
      expect(event.requestId).not.toBe(requestId);
    });

    it('takes the address that it saw itself for that of the client, whatever the client says', async () => {
      const { bearer } = await create(TRAVELLER, 2);
      for (const name of ['x-forwarded-for', 'x-real-ip', 'x-gatehouse-client-address', 'x-envoy-external-address']) {
        const reply = await proxy.get('/admin/', { headers: { ...bearer, [name]: AWAY } });
        expect(reply, name).toMatchObject({ status: 403, headers: { 'x-ext-auth-reason': 'PERMISSION_MISSING' } });
      }
    });

    it('behind another proxy takes the one that this one saw, as its example says', async () => {
      const other = await startProxy(program, {
        doors,
        applicationPort: application.port,
        edit: behindAnother[program],
      });
      const { bearer } = await create(TRAVELLER, 2);
      const from = async (forwardedFor: string) => {
        const { status } = await other.get('/admin/', { headers: { ...bearer, 'x-forwarded-for': forwardedFor } });
        return status;
      };
      expect(await from(AWAY)).toBe(200);
      // What stands before it the client has made up.
      expect(await from(`127.0.0.1, ${AWAY}`)).toBe(200);
      expect(await from('127.0.0.1')).toBe(403);
      expect(await from(`${AWAY}, 198.51.100.4`)).toBe(403);
      await other.stop();
    });

    it('does not ask about the health check, and lets no identity through there either', async () => {
      const { bearer } = await create();
      const got = received(await proxy.get('/healthz', { headers: { ...FORGED, ...bearer, cookie: 'a=b' } }));
      expect(believed(got)).toEqual({});
      for (const name of ['authorization', 'cookie']) expect(header(got, name)).toBeUndefined();
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
      const edit = (text: string) => text.replaceAll('min_level', 'minlevel');
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
        expect(reply.status).toBe(503);
        // To Envoy it is an error of the call, on which it closes in its own words. It is an answer, and not asked again.
        if (program === 'envoy') {
          const { body } = await ask(`${proxy.adminUrl}/stats?filter=gatehouse-session.upstream_rq_retry$`);
          expect(body.trim()).toBe('cluster.gatehouse-session.upstream_rq_retry: 0');
          continue;
        }
        expect(reply.headers['retry-after']).toBe('1');
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
        expect(status).toBe(program === 'caddy' ? 502 : 503);
      }
      expect(application.count()).toBe(before);
    });
  });
});
