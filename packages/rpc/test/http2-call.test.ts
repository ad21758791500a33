import { once } from 'node:events';
import { type ClientHttp2Session, constants, createServer, type OutgoingHttpHeaders } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Failure } from '@gatehouse/failure';
import { SessionServiceService, type ValidateSessionRequest } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Call, connect as connectClient } from '@gatehouse/rpc';
import { waitFor } from '@gatehouse/testing';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CALL_MS_MAX } from '../src/http2-streams.ts';
import { type Rig, rig } from './harness.ts';
import { VALIDATE } from './messages.ts';
import { framed, rawAnswer, rawCall, rawSession } from './raw-call.ts';

const { path, requestSerialize } = SessionServiceService.validateSession;
const MAX_REQUEST_BYTES = 256 * 1024;
const DEFAULT_DEADLINE_MS = 2_000;

let server: Rig;
let session: ClientHttp2Session;
const calls: Call[] = [];
const tokens: string[] = [];
let answer: (request: ValidateSessionRequest, call: Call) => Promise<never> | { session: undefined };
beforeAll(async () => {
  server = await rig(
    {
      validateSession: (request, call) => {
        calls.push(call);
        tokens.push(request.sessionToken);
        return answer(request, call);
      },
    },
    { defaultDeadlineMs: DEFAULT_DEADLINE_MS },
  );
  session = rawSession(server);
  reset();
});
afterEach(reset);
afterAll(async () => {
  session?.destroy();
  await server?.stop();
});

function reset(): void {
  calls.length = 0;
  tokens.length = 0;
  answer = () => ({ session: undefined });
}

const PLAIN = framed(Buffer.from(requestSerialize(VALIDATE)));

const request = (headers?: OutgoingHttpHeaders) => rawCall(session, path, headers);

function ask(body: Buffer, headers?: OutgoingHttpHeaders) {
  const stream = request(headers);
  stream.end(body);
  return rawAnswer(stream);
}

describe('a unary call on its stream', () => {
  it('is answered with a message and the status in the trailers', async () => {
    const { headers, code, body } = await ask(PLAIN);
    expect(headers).toMatchObject({ ':status': 200, 'content-type': 'application/grpc+proto' });
    // grpc-js, which would add it, has not seen the call.
    expect(headers).not.toHaveProperty('date');
    expect([code, body]).toEqual([status.OK, framed(Buffer.alloc(0))]);
  });

  it('is read in whatever pieces it comes', async () => {
    const token = 'gh_s_'.padEnd(200, 'x');
    const body = framed(Buffer.from(requestSerialize({ ...VALIDATE, sessionToken: token })));
    const stream = request({ 'grpc-timeout': '60S' });
    const answered = rawAnswer(stream);
    for (const byte of body) {
      stream.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    stream.end();
    expect((await answered).code).toBe(status.OK);
    expect(tokens).toEqual([token]);
  });

  it('tells what it was refused for, also in words outside of ASCII', async () => {
    answer = () => {
      throw new Failure('invalid', 'FIELD_INVALID', 'Größe: 100 %\ud800');
    };
    const { headers, code, message } = await ask(PLAIN);
    expect([code, message]).toEqual([status.INVALID_ARGUMENT, 'Größe: 100 %\ufffd']);
    expect(headers).toHaveProperty('grpc-status-details-bin');
  });

  it.each(['gzip', 'identity'])('is served when its encoding is %s', async (encoding) => {
    const message = Buffer.from(requestSerialize({ ...VALIDATE, sessionToken: 'compressed' }));
    const body = encoding === 'gzip' ? framed(gzipSync(message), { compressed: 1 }) : framed(message);
    expect((await ask(body, { 'grpc-encoding': encoding })).code).toBe(status.OK);
    expect(tokens).toEqual(['compressed']);
  });

  it('that is compressed in an unknown way is refused', async () => {
    const { code, message } = await ask(framed(PLAIN, { compressed: 1 }));
    expect([code, message]).toEqual([status.INTERNAL, expect.stringContaining('grpc-encoding')]);
    expect(calls).toEqual([]);
  });

  it('that says it is too large is refused before it has come', async () => {
    const stream = request();
    stream.write(framed(Buffer.from('x'), { length: MAX_REQUEST_BYTES + 1 }));
    const { code, message } = await rawAnswer(stream);
    expect([code, message]).toEqual([status.RESOURCE_EXHAUSTED, expect.stringContaining(String(MAX_REQUEST_BYTES))]);
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    expect(calls).toEqual([]);
  });

  it('that is too large is refused with the reason also to a client that is still sending it', async () => {
    const client = server.connectAs('app/large', SessionServiceService);
    for (const bytes of [MAX_REQUEST_BYTES, 8 * MAX_REQUEST_BYTES]) {
      const refused = client.validateSession({ ...VALIDATE, sessionToken: 'x'.repeat(bytes) }, {});
      await expect(refused).rejects.toThrow(`may have ${MAX_REQUEST_BYTES}`);
    }
    expect(calls).toEqual([]);
    expect((await ask(PLAIN)).code).toBe(status.OK);
  });

  it.each([
    ['half a prefix', PLAIN.subarray(0, 3)],
    ['half a message', PLAIN.subarray(0, PLAIN.length - 1)],
    ['a message and a half', Buffer.concat([PLAIN, PLAIN.subarray(0, 9)])],
  ])('with %s is refused', async (_what, body) => {
    expect((await ask(body)).code).toBe(status.UNIMPLEMENTED);
    expect(calls).toEqual([]);
  });

  it('of another content type is none', async () => {
    const { headers } = await ask(PLAIN, { 'content-type': 'application/json' });
    expect(headers[':status']).toBe(415);
    expect(calls).toEqual([]);
  });

  it('that is given up half-way is not served', async () => {
    const stream = request();
    stream.write(PLAIN.subarray(0, 7));
    await sleep(20);
    stream.close(constants.NGHTTP2_CANCEL);
    await once(stream, 'close');
    expect((await ask(PLAIN)).code).toBe(status.OK);
    expect(calls.length).toBe(1);
  });

  it('hears of metadata that is text, and of an acting user who is not that there is something wrong', async () => {
    const requestId = '01a1fa5a-9fe5-7316-af45-0f8bfce7a0c1';
    await ask(PLAIN, { 'x-request-id': requestId, authorization: 'Bearer abc' });
    await ask(PLAIN, { authorization: 'Bearer \u00e9' });
    expect(calls[0]).toMatchObject({ requestId, sessionToken: 'abc' });
    expect(() => calls[1]?.sessionToken).toThrow(expect.objectContaining({ reason: 'SESSION_TOKEN_INVALID' }));
  });
});

describe('the timeout of a unary call', () => {
  it.each([
    ['5S', 5_000],
    ['2M', 120_000],
    ['30000m', 30_000],
    ['3000000u', 3_000],
  ])('may be %s', async (timeout, ms) => {
    const before = Date.now();
    expect((await ask(PLAIN, { 'grpc-timeout': timeout })).code).toBe(status.OK);
    const deadlineMs = calls[0]?.deadlineMs ?? 0;
    expect(deadlineMs).toBeGreaterThanOrEqual(before + ms);
    expect(deadlineMs).toBeLessThanOrEqual(Date.now() + ms);
  });

  it.each(['301S', '1H', '720H', '99999999H'])('is no longer than the longest, also when it is %s', async (timeout) => {
    const before = Date.now();
    expect((await ask(PLAIN, { 'grpc-timeout': timeout })).code).toBe(status.OK);
    const deadlineMs = calls[0]?.deadlineMs ?? 0;
    expect(deadlineMs).toBeGreaterThanOrEqual(before + CALL_MS_MAX);
    expect(deadlineMs).toBeLessThanOrEqual(Date.now() + CALL_MS_MAX);
  });

  it('that makes no sense is refused', async () => {
    expect((await ask(PLAIN, { 'grpc-timeout': 'soon' })).code).toBe(status.INVALID_ARGUMENT);
    expect(calls).toEqual([]);
  });

  it('of nothing has passed', async () => {
    expect((await ask(PLAIN, { 'grpc-timeout': '0m' })).code).toBe(status.DEADLINE_EXCEEDED);
    expect(calls).toEqual([]);
  });

  it.each([
    ['set by the caller', { 'grpc-timeout': '50m' }],
    ['set by nobody', {}],
  ])('%s ends a call whose request never comes to its end', async (_by, headers) => {
    const stream = request(headers);
    stream.write(PLAIN);
    expect((await rawAnswer(stream)).code).toBe(status.DEADLINE_EXCEEDED);
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    expect(calls).toEqual([]);
  });

  it('ends a call that is being served, and what comes of it then is not sent', async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    answer = () => promise;
    expect((await ask(PLAIN, { 'grpc-timeout': '200m' })).code).toBe(status.DEADLINE_EXCEEDED);
    await waitFor(() => calls[0]?.signal.aborted);
    expect(calls[0]?.signal.reason).toMatchObject({ kind: 'deadline' });
    reject(new Error('too late'));
    expect((await ask(PLAIN, { 'grpc-timeout': '0m' })).code).toBe(status.DEADLINE_EXCEEDED);
  });
});

describe('a call of a server to another', () => {
  it('passes on what is meant to be, and nothing else that it was given', async () => {
    const other = createServer();
    const received: Record<string, unknown>[] = [];
    other.on('stream', (stream, headers) => {
      received.push(headers);
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status.NOT_FOUND },
        { endStream: true },
      );
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const onward = connectClient({
      definition: SessionServiceService,
      address: `127.0.0.1:${port}`,
      transport: { kind: 'insecure-loopback' },
    });
    answer = (message, call) => onward.validateSession(message, call) as Promise<never>;
    await ask(PLAIN, { 'x-secret': 'of this caller' });
    onward.close();
    other.close();
    const names = Object.keys(received[0] ?? {}).filter((name) => !name.startsWith(':'));
    expect(names.sort()).toEqual([
      'accept-encoding',
      'content-type',
      'grpc-accept-encoding',
      'grpc-timeout',
      'te',
      'traceparent',
      'user-agent',
      'x-request-id',
    ]);
  });
});
