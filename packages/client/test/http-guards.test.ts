import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ask as rawAsk, waitFor } from '@gatehouse/testing';
import { status } from '@grpc/grpc-js';
import express from 'express';
import fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  expressSession,
  fastifySession,
  type GatehouseClient,
  type HttpGuardOptions,
  sessionOf,
} from '../src/index.ts';
import { newToken, type StandIn, startStandIn } from './stand-in.ts';

let server: StandIn;
let client: GatehouseClient;
const stops: (() => Promise<unknown> | unknown)[] = [];

beforeEach(async () => {
  server = await startStandIn();
  // The bound is longer than a pause of the machine, so that what is remembered stays so.
  client = server.connect({ defaults: { retries: 0 }, cache: { boundMs: 5_000 } });
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await server.stop();
});

/** What an application answers that says whose request it has got. */
const bodyOf = (request: object) => {
  const session = sessionOf(request);
  const same = Reflect.get(request, 'session') === session;
  return { user: session?.userId ?? null, same };
};

/** Applications that let nobody in but with a session; each answers with its URL. */
const frameworks: Record<string, (options: HttpGuardOptions) => Promise<string>> = {
  async express(options) {
    const app = express();
    app.use(expressSession(client, options));
    app.all('/', (request, response) => void response.json(bodyOf(request)));
    const listening = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => listening.once('listening', resolve));
    return opened(listening);
  },
  async fastify(options) {
    const app = fastify();
    app.register(fastifySession(client, options));
    app.all('/', async (request) => bodyOf(request));
    stops.push(() => app.close());
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
  async node(options) {
    const guard = expressSession(client, options);
    const plain = createServer((request, response) =>
      guard(request, response, () => void response.end(JSON.stringify(bodyOf(request)))),
    );
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    return opened(plain);
  },
};

function opened(listening: Server): string {
  stops.push(() => new Promise((resolve) => listening.close(resolve)));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

/** One request, on a connection of its own. */
async function ask(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(url, { method, headers: { ...headers, connection: 'close' } });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const cookie = (token: string) => ({ cookie: `theme=dark; __Host-gatehouse_session=${token}` });

describe.each(Object.keys(frameworks))('the guard for %s', (name) => {
  const start = (options: HttpGuardOptions = {}) => (frameworks[name] ?? expect.fail())(options);

  it('lets a request pass with a good session, from the service or from memory', async () => {
    const url = await start();
    const { token, session } = server.add();
    const expected = { status: 200, body: { user: session.userId, same: true } };
    expect(await ask(url, bearer(token))).toMatchObject(expected);
    expect(await ask(url, cookie(token))).toMatchObject(expected);
    await waitFor(() => client.sessions.statistics().isCurrent);
    await ask(url, bearer(token));
    const { hits } = client.sessions.statistics();
    expect(await ask(url, cookie(token))).toMatchObject(expected);
    expect(client.sessions.statistics().hits).toBe(hits + 1);
  });

  it('answers 401 without a token, and tells the scheme and no error', async () => {
    const { status, headers, body } = await ask(await start());
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer realm="gatehouse"');
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({ reason: 'SESSION_TOKEN_MISSING', message: 'The request carries no session token.' });
  });

  it.each([
    ['a token that is no good', () => bearer(newToken()), 'SESSION_TOKEN_INVALID'],
    ['a token of another kind', () => bearer('eyJhbGciOiJub25lIn0.e30.'), 'SESSION_TOKEN_INVALID'],
    ['two tokens', () => ({ ...bearer(newToken()), ...cookie(newToken()) }), 'SESSION_TOKEN_AMBIGUOUS'],
    ['a bearer that is none', () => ({ authorization: 'Bearer' }), 'SESSION_TOKEN_INVALID'],
    [
      'a bearer that is none, beside a good cookie',
      () => ({ authorization: 'Bearer a b', ...cookie(server.add().token) }),
      'SESSION_TOKEN_INVALID',
    ],
  ])('answers 401 for %s', async (_what, headers, reason) => {
    const answer = await ask(await start(), headers());
    expect(answer).toMatchObject({ status: 401, body: { reason } });
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="gatehouse", error="invalid_token", /);
  });

  it('sees both of two Authorization headers', async () => {
    const url = await start();
    const [own, other] = [server.add(), server.add()];
    const both = (...tokens: string[]) =>
      rawAsk(url, { headers: { authorization: tokens.map((token) => `Bearer ${token}`) } });
    const { status, body } = await both(own.token, other.token);
    expect([status, JSON.parse(body)]).toMatchObject([401, { reason: 'SESSION_TOKEN_AMBIGUOUS' }]);
    expect(await both(own.token, own.token)).toMatchObject({ status: 200 });
  });

  it.each([
    ['behind a comma', (planted: string) => `theme=dark,${planted}`],
    ['behind a blank that is none of HTTP', (planted: string) => `a=1; \u00a0${planted}`],
  ])('takes a cookie %s for no session, and is not confused by it', async (_where, hidden) => {
    const url = await start();
    const [own, other] = [server.add(), server.add()];
    const planted = hidden(`__Host-gatehouse_session=${other.token}`);
    expect(await ask(url, { cookie: planted })).toMatchObject({ body: { reason: 'SESSION_TOKEN_MISSING' } });
    const beside = await ask(url, { cookie: `__Host-gatehouse_session=${own.token}; ${planted}` });
    expect(beside).toMatchObject({ status: 200, body: { user: own.session.userId } });
  });

  it('answers 401 for a level that is too low, and says which is needed', async () => {
    const url = await start({ minimumLevel: 2 });
    const low = await ask(url, bearer(server.add().token));
    expect(low).toMatchObject({ status: 401, body: { reason: 'LEVEL_TOO_LOW' } });
    expect(low.headers.get('www-authenticate')).toContain('error="insufficient_user_authentication", acr_values="2"');
    expect(await ask(url, bearer(server.add({ authenticationLevel: 2 }).token))).toMatchObject({ status: 200 });
  });

  it.each([
    ['the service does not answer', () => new Promise<void>(() => {})],
    ['the service is down', () => Promise.reject({ code: status.UNAVAILABLE, details: 'Away.' })],
    ['the service refuses this client', () => Promise.reject({ code: status.PERMISSION_DENIED, details: 'No.' })],
    ['the service is broken', () => Promise.reject({ code: status.INTERNAL, details: 'Oh.' })],
  ])('answers 503, and never 401, when %s', async (_what, beforeAnswer) => {
    const told: unknown[] = [];
    client = server.connect({ defaults: { retries: 0, deadlineMs: 500 } });
    const url = await start({ onUnavailable: (error) => told.push(error) });
    server.beforeAnswer = beforeAnswer;
    const answer = await ask(url, bearer(server.add().token));
    expect(answer).toMatchObject({ status: 503, body: { reason: 'SESSION_UNAVAILABLE' } });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.headers.has('www-authenticate')).toBe(false);
    expect(told).toHaveLength(1);
  });

  it('answers 403 where another site may have made the browser use the cookie, and only then', async () => {
    const url = await start();
    const { token } = server.add();
    const fromElsewhere = { 'sec-fetch-site': 'cross-site' };
    const suspected = await ask(url, { ...cookie(token), ...fromElsewhere }, 'POST');
    expect(suspected).toMatchObject({ status: 403, body: { reason: 'CSRF_SUSPECTED' } });
    expect(suspected.headers.has('www-authenticate')).toBe(false);
    expect(server.batches).toEqual([]);
    expect(await ask(url, { ...bearer(token), ...fromElsewhere }, 'POST')).toMatchObject({ status: 200 });
    expect(await ask(url, { ...bearer(token), ...cookie(token), ...fromElsewhere }, 'POST')).toMatchObject({
      status: 200,
    });
    expect(await ask(url, { ...cookie(token), 'sec-fetch-site': 'same-origin' }, 'POST')).toMatchObject({
      status: 200,
    });
    expect(await ask(url, { ...cookie(token), ...fromElsewhere })).toMatchObject({ status: 200 });
    expect(await ask(url, { ...cookie(token), origin: url }, 'POST')).toMatchObject({ status: 200 });
  });

  it('lets anybody pass as nobody where no session is required, but not when nobody can tell', async () => {
    const url = await start({ required: false });
    const nobody = { status: 200, body: { user: null, same: true } };
    expect(await ask(url)).toMatchObject(nobody);
    expect(await ask(url, bearer(newToken()))).toMatchObject(nobody);
    const { token, session } = server.add();
    expect(await ask(url, bearer(token))).toMatchObject({ status: 200, body: { user: session.userId } });
    const forged = await ask(url, { ...cookie(token), 'sec-fetch-site': 'cross-site' }, 'POST');
    expect(forged.status).toBe(403);
    server.beforeAnswer = () => Promise.reject({ code: status.UNAVAILABLE, details: 'Away.' });
    expect(await ask(url, bearer(server.add().token))).toMatchObject({ status: 503 });
  });

  it('asks the service each time where it has to be strict', async () => {
    const url = await start({ freshness: 'strict' });
    const { token } = server.add();
    await ask(url, bearer(token));
    await waitFor(() => client.sessions.statistics().isCurrent);
    await ask(url, bearer(token));
    server.sessions.delete(token);
    expect(await ask(url, bearer(token))).toMatchObject({ status: 401 });
  });

  it('reads the cookie that it is told to', async () => {
    const url = await start({ cookieName: 'sid' });
    const { token } = server.add();
    expect(await ask(url, { cookie: `sid=${token}` })).toMatchObject({ status: 200 });
    expect(await ask(url, cookie(token))).toMatchObject({ status: 401 });
  });
});

describe('a guard', () => {
  it.each<[HttpGuardOptions]>([[{ required: false, minimumLevel: 2 }], [{ cookieName: 'a;b' }]])(
    'is not made with %j',
    (options) => {
      expect(() => expressSession(client, options)).toThrow(TypeError);
      expect(() => fastifySession(client, options)).toThrow(TypeError);
    },
  );

  it('leaves alone what goes by the name of session already', async () => {
    const guard = expressSession(client);
    const { token, session } = server.add();
    const request = { method: 'GET', headers: bearer(token), session: { cart: 7 } };
    const passed = Promise.withResolvers<unknown>();
    guard(request as unknown as IncomingMessage, {} as ServerResponse, passed.resolve);
    expect(await passed.promise).toBeUndefined();
    expect(request.session).toEqual({ cart: 7 });
    expect(sessionOf(request)?.userId).toBe(session.userId);
  });

  it('for fastify guards the scope that registers it and no other', async () => {
    const app = fastify();
    stops.push(() => app.close());
    app.get('/open', async () => 'open');
    app.register(async (scope) => {
      scope.register(fastifySession(client));
      scope.get('/guarded', async () => 'guarded');
    });
    expect((await app.inject('/open')).statusCode).toBe(200);
    expect((await app.inject('/guarded')).statusCode).toBe(401);
  });
});
