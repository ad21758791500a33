import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { BadRequest } from '@gatehouse/proto/google/rpc/error_details.ts';
import { Status } from '@gatehouse/proto/google/rpc/status.ts';
import type { Call } from '@gatehouse/rpc';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { CREATE, VALIDATE } from './messages.ts';

const { createSession, validateSession, streamValidateSessions, watchSessions } = SessionServiceService;

let server: Rig;
let session: ClientHttp2Session;
let calls: Call[] = [];
const keys: unknown[] = [];

beforeAll(async () => {
  const note = (call: Call) => void calls.push(call);
  server = await rig({
    createSession: (_request, call) => {
      note(call);
      keys.push(call.idempotency?.key);
      return {
        session: undefined,
        sessionToken: '',
        consistencyToken: '',
        revokedSessionIds: [],
        refreshToken: '',
        refreshTokenExpiresAt: undefined,
      };
    },
    validateSession: (_request, call) => {
      note(call);
      return { session: undefined };
    },
    streamValidateSessions: {
      open(call) {
        note(call);
        return { message: () => ({ result: undefined }) };
      },
    },
    watchSessions: async function* (requests, call) {
      note(call);
      for await (const _request of requests) yield { event: undefined };
    },
  });
  const { ca, cert, key } = server.authority.issueSync('app/test');
  session = connect(`https://localhost:${server.server.port}`, {
    ca: readFileSync(ca),
    cert: readFileSync(cert),
    key: readFileSync(key),
  });
});
beforeEach(() => {
  calls = [];
  keys.length = 0;
});
afterAll(async () => {
  session.destroy();
  await server.stop();
});

const KINDS: readonly [kind: string, path: string, body: Buffer | undefined, headers: OutgoingHttpHeaders][] = [
  ['unary', validateSession.path, framed(validateSession.requestSerialize(VALIDATE)), {}],
  // Left to grpc-js, whether or not its messages are compressed.
  [
    'unary by grpc-js',
    validateSession.path,
    framed(validateSession.requestSerialize(VALIDATE)),
    { 'grpc-encoding': 'gzip' },
  ],
  ['streamed', streamValidateSessions.path, undefined, {}],
  ['streamed both ways', watchSessions.path, undefined, {}],
];

/** Bytes of UTF-8, as HTTP/2 carries them. */
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

async function ask(path: string, body: Buffer | undefined, headers: OutgoingHttpHeaders) {
  const grpc = { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc' };
  const stream = session.request({ ...grpc, ...headers }, { endStream: false }).on('error', () => {});
  let last: IncomingHttpHeaders = {};
  const told = (more: IncomingHttpHeaders) => {
    last = { ...last, ...more };
  };
  stream.on('response', told).on('trailers', told).resume();
  stream.on('end', () => stream.close());
  stream.end(body);
  await once(stream, 'close');
  const details = last['grpc-status-details-bin'];
  const packed = typeof details === 'string' ? Status.decode(Buffer.from(details, 'base64')).details : [];
  const bad = packed.find(({ typeUrl }) => typeUrl.endsWith('BadRequest'));
  return {
    http: last[':status'],
    code: last['grpc-status'] === undefined ? undefined : Number(last['grpc-status']),
    fields: bad ? BadRequest.decode(bad.value).fieldViolations.map(({ field }) => field) : [],
  };
}

describe.each(KINDS)('metadata of a call, %s', (_kind, path, body, more) => {
  it.each<[string, OutgoingHttpHeaders]>([
    ['x-user-name', { 'x-user-name': utf8('Łukasz') }],
    ['x-user-name', { 'x-user-name': 'caf\xe9' }],
    ['idempotency-key', { 'idempotency-key': utf8('clé-1') }],
    ['x-request-id', { 'x-request-id': 'a\tb' }],
    ['x-request-id', { 'x-request-id': 'a\t' }],
    ['set-cookie', { 'set-cookie': ['a=1', 'b=\xe9'] }],
    ['x-blob-bin', { 'x-blob-bin': '!!!not base64!!!' }],
    ['x-blob-bin', { 'x-blob-bin': 'AAAAA' }],
    ['x-blob-bin', { 'x-blob-bin': 'AA==,A=' }],
    ['grpc-timeout', { 'grpc-timeout': '5s' }],
    ['grpc-timeout', { 'grpc-timeout': '-1S' }],
    ['grpc-timeout', { 'grpc-timeout': '1.5S' }],
    ['grpc-timeout', { 'grpc-timeout': '100000000S' }],
    ['grpc-timeout', { 'grpc-timeout': 'soon' }],
    ['grpc-timeout', { 'grpc-timeout': '' }],
    ['grpc-timeout', { 'grpc-timeout': ' 1S' }],
    ['grpc-timeout', { 'grpc-timeout': '1S ' }],
  ])('that is not what it must be is refused and named: %s %o', async (field, headers) => {
    expect(await ask(path, body, { ...more, ...headers })).toEqual({
      http: 200,
      code: status.INVALID_ARGUMENT,
      fields: [field],
    });
    expect(calls).toEqual([]);
  });

  it('is all named', async () => {
    const headers = { 'x-one': utf8('ä'), 'x-two-bin': '*', 'x-three': 'good', 'grpc-timeout': '1' };
    const { fields } = await ask(path, body, { ...more, ...headers });
    expect([...fields].sort()).toEqual(['grpc-timeout', 'x-one', 'x-two-bin']);
  });

  it.each<OutgoingHttpHeaders>([
    { 'x-text': ' !"~', 'x-empty': '' },
    { 'x-blob-bin': 'AP8B' },
    { 'x-blob-bin': 'AP8' },
    { 'x-blob-bin': 'AP8=' },
    { 'x-blob-bin': '' },
    { 'x-blob-bin': 'AP8B, AA==,AA' },
    { 'content-type': 'application/grpc+proto' },
    { 'content-type': 'application/grpc;charset=utf-8' },
  ])('that is good is taken: %o', async (headers) => {
    expect((await ask(path, body, { ...more, ...headers })).code).toBe(status.OK);
    expect(calls).toHaveLength(1);
  });

  it.each([
    'application/grpc+json',
    'application/grpc-web',
    'application/grpc-web+proto',
    'application/grpcs',
    'text/plain',
  ])('of the type %s is none of gRPC', async (type) => {
    expect((await ask(path, body, { ...more, 'content-type': type })).http).toBe(415);
    expect(calls).toEqual([]);
  });

  it('of another method than POST is none of gRPC', async () => {
    expect((await ask(path, body, { ...more, ':method': 'PUT' })).http).toBe(405);
    expect(calls).toEqual([]);
  });
});

describe('an idempotency key', () => {
  const create = (key: string | readonly string[]) =>
    ask(createSession.path, framed(createSession.requestSerialize(CREATE)), { 'idempotency-key': key as string });

  it.each([utf8('clé-1'), 'cl\xe9', utf8('🔑'), 'a b', 'a\tb', ' a', 'a ', 'a\t', '', 'k'.repeat(65), ['a1', 'b1']])(
    'that is none is refused, and the call is not carried out: %o',
    async (key) => {
      expect(await create(key)).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ['idempotency-key'] });
      expect(keys).toEqual([]);
    },
  );

  it('that is one reaches the call', async () => {
    expect((await create('key-1')).code).toBe(status.OK);
    expect(keys).toEqual(['key-1']);
  });
});
