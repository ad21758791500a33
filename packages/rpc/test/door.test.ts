import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { ErrorInfo } from '@gatehouse/proto/google/rpc/error_details.ts';
import { Status } from '@gatehouse/proto/google/rpc/status.ts';
import { HealthService } from '@gatehouse/proto/health/v1/health.ts';
import type { Call } from '@gatehouse/rpc';
import { waitFor } from '@gatehouse/testing';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { VALIDATE } from './messages.ts';

const RPCS = Object.values(SessionServiceService).map(({ path }) => path);
const { validateSession, streamValidateSessions, watchSessions } = SessionServiceService;
const KINDS = [validateSession, streamValidateSessions, watchSessions].map(({ path }) => path);

let server: Rig;
let served: Call[];
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) close();
  await server.stop();
});

async function start(options: Parameters<typeof rig>[1] = {}): Promise<void> {
  served = [];
  const serve = (call: Call) => void served.push(call);
  server = await rig(
    {
      validateSession: (_request, call) => {
        serve(call);
        return { session: undefined };
      },
      streamValidateSessions: {
        open(call) {
          serve(call);
          return { message: () => ({ result: undefined }) };
        },
      },
      watchSessions: async function* (requests, call) {
        serve(call);
        for await (const _request of requests) yield { event: undefined };
      },
    },
    options,
  );
}

function connectAs(peer: string): ClientHttp2Session {
  const { ca, cert, key } = server.authority.issueSync(peer);
  const session = connect(`https://localhost:${server.server.port}`, {
    ca: readFileSync(ca),
    cert: readFileSync(cert),
    key: readFileSync(key),
  });
  session.on('error', () => {});
  closers.push(() => session.destroy());
  return session;
}

/** A call whose headers have been sent, and nothing else. */
function begin(session: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const grpc = { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc' };
  return session.request({ ...grpc, ...headers }, { endStream: false }).on('error', () => {});
}

/** How a call ends, whose client closes it once the server has said its last word, as all of gRPC do. */
async function endOf(stream: ClientHttp2Stream) {
  let last: IncomingHttpHeaders = {};
  const told = (headers: IncomingHttpHeaders) => {
    last = { ...last, ...headers };
  };
  stream.on('response', told).on('trailers', told).resume();
  stream.on('end', () => stream.close());
  if (!stream.closed) await new Promise<void>((closed) => stream.once('close', () => closed()));
  const details = last['grpc-status-details-bin'];
  const packed = typeof details === 'string' ? Status.decode(Buffer.from(details, 'base64')).details : [];
  const info = packed.find(({ typeUrl }) => typeUrl.endsWith('ErrorInfo'));
  const code = last['grpc-status'] === undefined ? undefined : Number(last['grpc-status']);
  return { code, reason: info ? ErrorInfo.decode(info.value).reason : '', rst: stream.rstCode };
}

/** A message as it is sent, of which only the first bytes come. */
function begun(bytes: number, length = bytes + 1): Buffer {
  const head = Buffer.alloc(bytes);
  head.writeUInt32BE(length, 1);
  return head;
}

function whole(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const ask = (session: ClientHttp2Session, path: string = validateSession.path, headers: OutgoingHttpHeaders = {}) => {
  const stream = begin(session, path, headers);
  stream.end(path === validateSession.path ? whole(validateSession.requestSerialize(VALIDATE)) : undefined);
  return endOf(stream);
};

describe('a peer that may not call', () => {
  const access = Object.fromEntries(
    Object.keys(SessionServiceService).map((rpc) => [rpc, { peers: ['identity'] }]),
  ) as NonNullable<Parameters<typeof rig>[1]>['access'] & object;

  it('is told so at the headers, of every RPC, before any of its request has come', async () => {
    await start({ access });
    const session = connectAs('app/shop');
    for (const path of RPCS) {
      for (const headers of [{}, { 'grpc-encoding': 'gzip' }, { 'grpc-timeout': '99999999H' }]) {
        const answer = await endOf(begin(session, path, headers));
        expect(answer, path).toEqual({
          code: status.PERMISSION_DENIED,
          reason: 'PEER_NOT_ALLOWED',
          rst: constants.NGHTTP2_NO_ERROR,
        });
      }
    }
    expect(served).toEqual([]);
  });

  it('is logged and counted', async () => {
    await start({ access });
    const session = connectAs('app/shop');
    for (const path of KINDS) await endOf(begin(session, path));
    const text = await server.registry.metrics();
    for (const name of ['ValidateSession', 'StreamValidateSessions', 'WatchSessions']) {
      expect(text).toMatch(new RegExp(`grpc_method="${name}",.*grpc_code="PERMISSION_DENIED",.* 1\n`));
    }
  });

  it('has what it sends all the same thrown away, and its connection goes on', async () => {
    await start({ access: { validateSession: { peers: ['identity'] } } });
    const session = connectAs('app/shop');
    const streams = Array.from({ length: 100 }, () => begin(session, validateSession.path));
    const answers = streams.map(endOf);
    for (const stream of streams) if (!stream.destroyed) stream.write(Buffer.alloc(60_000));
    for (const { code } of await Promise.all(answers)) expect(code).toBe(status.PERMISSION_DENIED);
    expect((await ask(session, HealthService.check.path)).code).toBe(status.UNIMPLEMENTED);
  });

  it('may have gone before it is told', async () => {
    await start({ access });
    const session = connectAs('app/shop');
    for (let i = rounds(100, 20); i > 0; i -= 1) {
      for (const path of KINDS) begin(session, path).close(constants.NGHTTP2_CANCEL);
    }
    expect((await endOf(begin(session, validateSession.path))).reason).toBe('PEER_NOT_ALLOWED');
  });

  it('is one for which nobody acts, where it may act for users only', async () => {
    const acting = { authenticate: async () => ({ userId: 'u', sessionId: 's' }), permits: async () => true };
    const rule = { validateSession: { peers: [], acting: { peers: ['app/*'], permission: 'x:y' } } };
    await start({ access: rule, acting });
    expect((await endOf(begin(connectAs('edge/envoy'), validateSession.path))).reason).toBe('PEER_NOT_ALLOWED');
    const session = connectAs('app/admin');
    expect((await ask(session)).reason).toBe('ACTING_USER_REQUIRED');
    expect((await ask(session, validateSession.path, { authorization: 'Bearer x' })).code).toBe(status.OK);
  });
});

describe('what is no method', () => {
  it.each([
    ['an unknown one', '/gatehouse.session.v1.SessionService/Nope', {}],
    ['another type', validateSession.path, { 'content-type': 'application/json' }],
  ])('keeps nothing of what is sent: %s', async (_what, path, headers) => {
    await start();
    const stream = begin(connectAs('app/shop'), path, headers);
    stream.write(Buffer.alloc(1_000));
    expect((await endOf(stream)).rst).toBe(constants.NGHTTP2_NO_ERROR);
  });
});

describe('requests that are not whole', () => {
  const limits = { unfinishedBytesPerConnectionMax: 100_000, unfinishedBytesPerPeerMax: 150_000 };
  const REFUSED = expect.objectContaining({ code: status.RESOURCE_EXHAUSTED, reason: 'UNFINISHED_REQUESTS_TOO_MANY' });

  /** Whether a call that has sent so much is still waited for: the next one on its connection was answered. */
  async function isKept(session: ClientHttp2Session, stream: ClientHttp2Stream, bytes: number): Promise<boolean> {
    stream.write(begun(bytes, 200_000));
    await waitFor(() => stream.closed || stream.writableLength === 0);
    await ask(session, HealthService.check.path, { 'content-type': 'application/grpc' });
    return !stream.closed;
  }

  it.each([
    ['unary', validateSession.path, {}],
    ['unary and compressed', validateSession.path, { 'grpc-encoding': 'gzip' }],
    ['streamed', streamValidateSessions.path, {}],
    ['streamed both ways', watchSessions.path, {}],
  ])('have a budget on a connection, and room again when they end: %s', async (_kind, path, headers) => {
    await start({ limits });
    const session = connectAs('app/shop');
    const kept = Array.from({ length: 3 }, () => begin(session, path, headers));
    for (const stream of kept) expect(await isKept(session, stream, 30_000)).toBe(true);
    const over = begin(session, path, headers);
    const answer = endOf(over);
    over.write(begun(30_000, 200_000));
    const isUnary = path === validateSession.path && !('grpc-encoding' in headers);
    expect(await answer).toEqual(
      isUnary ? REFUSED : expect.objectContaining({ rst: constants.NGHTTP2_ENHANCE_YOUR_CALM }),
    );
    expect(kept.every(({ closed }) => !closed)).toBe(true);
    kept[0]?.close(constants.NGHTTP2_CANCEL);
    await waitFor(async () => {
      const again = begin(session, path, headers);
      const isRoom = await isKept(session, again, 30_000);
      again.close(constants.NGHTTP2_CANCEL);
      return isRoom;
    });
  });

  it('have one of the peer on all its connections, which is no other peer’s', async () => {
    await start({ limits });
    const [first, second, other] = ['app/shop', 'app/shop', 'app/other'].map(connectAs) as [
      ClientHttp2Session,
      ClientHttp2Session,
      ClientHttp2Session,
    ];
    expect(await isKept(first, begin(first, validateSession.path), 90_000)).toBe(true);
    const over = begin(second, validateSession.path);
    const answer = endOf(over);
    over.write(begun(90_000, 200_000));
    expect(await answer).toEqual(REFUSED);
    expect(await isKept(other, begin(other, validateSession.path), 90_000)).toBe(true);
    first.destroy();
    await waitFor(async () => {
      const again = begin(second, validateSession.path);
      const isRoom = await isKept(second, again, 90_000);
      again.close(constants.NGHTTP2_CANCEL);
      return isRoom;
    });
  });

  it('take no room for longer than they are there, however they end', async () => {
    await start({ limits });
    const chance = seededChance();
    const session = connectAs('app/shop');
    for (let i = rounds(400, 40); i > 0; i -= 1) {
      const stream = begin(session, chance.pick(KINDS), chance.happens(0.3) ? { 'grpc-encoding': 'gzip' } : {});
      const ended = endOf(stream);
      const bytes = 5 + chance.below(60_000);
      stream.write(begun(bytes, chance.pick([0, bytes - 5, bytes, 200_000, 900_000])));
      if (chance.happens(0.5)) stream.end();
      else stream.close(chance.pick([constants.NGHTTP2_CANCEL, constants.NGHTTP2_INTERNAL_ERROR]));
      await ended;
    }
    await waitFor(async () => {
      const full = begin(session, validateSession.path);
      const isRoom = await isKept(session, full, 99_000);
      full.close(constants.NGHTTP2_CANCEL);
      return isRoom;
    });
  });
});

describe('metadata', () => {
  it.each(KINDS)('of more than 16 KiB is refused, with the reason: %s', async (path) => {
    await start();
    const session = connectAs('app/shop');
    expect(await ask(session, path, { 'x-big': 'y'.repeat(15_000) })).toMatchObject({ code: status.OK });
    served = [];
    for (const headers of [
      { 'x-big': 'y'.repeat(16_400) },
      { 'x-big': 'y'.repeat(40_000) },
      Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'y'.repeat(150)])),
    ]) {
      expect(await endOf(begin(session, path, headers))).toMatchObject({
        code: status.RESOURCE_EXHAUSTED,
        reason: 'METADATA_TOO_LARGE',
      });
    }
    expect(served).toEqual([]);
    expect(await ask(session)).toMatchObject({ code: status.OK });
  });
});

describe('connections', () => {
  /** A connection of TCP, and whether it was closed. */
  async function open(): Promise<Socket> {
    const socket = connectTcp(server.server.port, '127.0.0.1').on('error', () => {});
    closers.push(() => socket.destroy());
    if (socket.connecting) await once(socket, 'connect');
    return socket.resume();
  }

  it('beyond their number are closed at once, until others have gone', async () => {
    await start({ limits: { connectionsMax: 3 } });
    const open3 = [await open(), await open(), await open()];
    const over = await open();
    await waitFor(() => over.closed);
    expect(open3.map(({ closed }) => closed)).toEqual([false, false, false]);
    for (const socket of open3) socket.destroy();
    await waitFor(async () => {
      const { code } = await ask(connectAs('app/shop')).catch(() => ({ code: undefined }));
      return code === status.OK;
    });
  });

  it.each([
    ['nothing is said', Buffer.alloc(0)],
    // The first bytes of a ClientHello.
    ['a handshake begins and never ends', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00])],
  ])('on which %s are closed in time', async (_what, bytes) => {
    await start({ limits: { handshakeTimeoutMs: 200 } });
    const socket = await open();
    if (bytes.length > 0) socket.write(bytes);
    await waitFor(() => socket.closed);
  });
});
