import { connect } from 'node:net';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { certificateSource } from '@gatehouse/rpc';
import { ask, type HttpAsk, testAuthority } from '@gatehouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpServer, type JsonRequest, startHttpServer } from '../src/index.ts';
import { refusalForm } from './refusal-form.ts';

const BYTES_MAX = 1_000;
const JSON_TYPE = { 'content-type': 'application/json' };

let server: HttpServer;
let certificates: ReturnType<typeof certificateSource>;
let asked: JsonRequest[];

beforeAll(async () => {
  const authority = await testAuthority();
  certificates = certificateSource({ ...(await authority.issue('session')), logger: silentLogger });
  server = await startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    transport: 'plaintext',
    certificates,
    trustDomain: authority.trustDomain,
    routes: [
      {
        name: 'test',
        method: 'POST',
        access: { peers: ['edge/*'] },
        matches: (path) => path === '/test',
        bodyBytesMax: BYTES_MAX,
        handle(request) {
          asked.push(request);
          return { status: 200, headers: [], body: JSON.stringify(request.json) };
        },
      },
    ],
    refusalForm,
    echoesRequestId: true,
    logger: silentLogger,
    registry: createRegistry('test'),
  });
});
afterAll(async () => {
  await server.drain(0);
  certificates.stop();
});
beforeEach(() => {
  asked = [];
});

const post = (body: string, more: HttpAsk = {}) =>
  ask(`http://127.0.0.1:${server.port}/test`, { method: 'POST', body, headers: JSON_TYPE, ...more });
/** A string whose JSON has as many bytes. */
const jsonOf = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2));

/** Sends bytes as they are; what comes back, once the server has closed the connection. */
function exchange(...parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect(server.port, '127.0.0.1', () => {
      for (const part of parts) socket.write(part);
    });
    socket.setEncoding('utf8').on('data', (part: string) => {
      reply += part;
    });
    socket.once('end', () => socket.end(() => resolve(reply))).once('error', reject);
  });
}

const HEAD = 'POST /test HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';

describe('a body', () => {
  it.each(['{"a":[1,"é"]}', jsonOf(BYTES_MAX)])('comes to its route as what it says', async (body) => {
    expect(await post(body)).toMatchObject({ status: 200, body });
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json ;x=y'])(
    'may be of the type %s',
    async (type) => {
      expect((await post('{}', { headers: { 'content-type': type } })).status).toBe(200);
    },
  );

  it.each([
    ['text/plain', {}],
    ['application/json-patch+json', {}],
    ['application/jsonp', {}],
    ['', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('may not be of the type "%s" %j', async (type, more) => {
    const headers = { ...(type && { 'content-type': type }), ...more };
    expect(await post('{}', { headers })).toMatchObject({
      status: 415,
      headers: { 'x-reason': 'CONTENT_TYPE_NOT_ACCEPTED' },
    });
    expect(asked).toEqual([]);
  });

  it.each([
    ['nothing', '', 'JSON_MALFORMED'],
    ['half of it', '{"a":', 'JSON_MALFORMED'],
    ['a name twice', '{"a":1,"a":2}', 'JSON_NAME_REPEATED'],
    ['too deep a list', '['.repeat(200) + ']'.repeat(200), 'JSON_TOO_DEEP'],
  ])('may not be %s', async (_what, body, reason) => {
    const reply = await post(body);
    expect(reply).toMatchObject({ status: 400, headers: { 'x-reason': reason } });
    expect(reply.body).toMatch(/^(The|An object in the) body [a-zA-Z0-9 ]+\.$/);
    expect(asked).toEqual([]);
  });

  it('may not be anything but UTF-8', async () => {
    const raw = await exchange(`${HEAD}connection: close\r\ncontent-length: 4\r\n\r\n`, '"\u00e9"');
    expect(raw).toMatch(/^HTTP\/1.1 200 /);
    const latin = await new Promise<string>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write(`${HEAD}connection: close\r\ncontent-length: 3\r\n\r\n`);
        socket.write(Buffer.from([0x22, 0xe9, 0x22]));
      });
      socket.setEncoding('utf8').once('data', resolve);
    });
    expect(latin).toMatch(/^HTTP\/1.1 400 .*x-reason: JSON_MALFORMED/s);
  });

  it('that says that it is too long is refused before any of it has come', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.setEncoding('utf8').write(`${HEAD}content-length: ${BYTES_MAX + 1}\r\n\r\n`);
    const reply = await new Promise<string>((resolve) => socket.once('data', resolve));
    expect(reply).toMatch(/^HTTP\/1.1 413 .*x-reason: BODY_TOO_LARGE.*connection: close/s);
    socket.destroy();
  });

  it('that turns out to be too long is refused before all of it has come', async () => {
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
    // No last chunk: the server does not wait for it, and closes the connection after what it has said.
    const reply = await exchange(`${HEAD}transfer-encoding: chunked\r\n\r\n`, chunk);
    expect(reply).toMatch(/^HTTP\/1.1 413 .*x-reason: BODY_TOO_LARGE/s);
    expect(asked).toEqual([]);
  });

  it('that is too long is refused so that who sends it hears of it', async () => {
    expect(await post(jsonOf(500_000))).toMatchObject({ status: 413, headers: { 'x-reason': 'BODY_TOO_LARGE' } });
  });

  it('that does not come in time is refused', async () => {
    const reply = await exchange(`${HEAD}content-length: 10\r\n\r\n`, '{"a"');
    expect(reply).toMatch(/^HTTP\/1.1 408 .*x-reason: BODY_TIMEOUT.*connection: close/s);
    expect(asked).toEqual([]);
  });

  it('that is cut off comes to no route', async () => {
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(`${HEAD}content-length: 10\r\n\r\n{"a"`, () => socket.destroy());
    });
    await new Promise((resolve) => socket.once('close', resolve));
    // The server is done with what came before when it has answered what comes after.
    expect((await post('{}')).status).toBe(200);
    expect(asked).toHaveLength(1);
  });

  it('leaves its connection open for the next', async () => {
    const request = `${HEAD}content-length: 2\r\n\r\n{}`;
    const reply = await exchange(request, request, `${HEAD}connection: close\r\ncontent-length: 2\r\n\r\n{}`);
    expect(reply.match(/HTTP\/1.1 200 /g)).toHaveLength(3);
  });
});

describe('a path with a body', () => {
  it.each(['GET', 'HEAD', 'PUT', 'DELETE'])('is not for %s', async (method) => {
    const reply = await ask(`http://127.0.0.1:${server.port}/test`, { method });
    expect(reply).toMatchObject({ status: 405, headers: { 'x-reason': 'METHOD_NOT_ALLOWED', allow: 'POST' } });
  });
});

describe('the id of a request', () => {
  it('is repeated, whatever comes of the request', async () => {
    const id = 'bfe9eb29-ab87-4ca3-be83-a1d5d8305716, or "any" text';
    const headers = { ...JSON_TYPE, 'x-request-id': id };
    for (const [body, path] of [
      ['{}', '/test'],
      ['{', '/test'],
      ['{}', '/none'],
    ] as const) {
      expect((await post(body, { headers, path })).headers['x-request-id']).toBe(id);
    }
    const reply = await exchange(`${HEAD}x-request-id: \u00e9\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`);
    expect(reply).toContain('x-request-id: \u00e9\r\n');
  });

  it('is not made up', async () => {
    expect((await post('{}')).headers).not.toHaveProperty('x-request-id');
  });
});
