import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { fakeClock, openTls, type TlsConnectionOptions } from '@gatehouse/testing';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { VALIDATE } from './messages.ts';

const DAY_MS = 86_400_000;
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

let server: Rig;
let served = 0;
const clock = fakeClock();
const closers: (() => void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await server.stop();
});

async function start(): Promise<void> {
  served = 0;
  clock.set(new Date());
  server = await rig(
    {
      validateSession: () => {
        served += 1;
        return { session: undefined };
      },
      watchSessions: async function* (_requests, { signal }) {
        yield { event: undefined };
        await once(signal, 'abort');
      },
      streamValidateSessions: { open: () => ({ message: () => ({ result: undefined }) }) },
    },
    { clock },
  );
}

/** A connection of HTTP/2 that can be resumed, and what a call on it is answered. */
async function openHttp2(options: Pick<TlsConnectionOptions, 'peer' | 'version' | 'session'>) {
  const { socket, ...sessions } = await openTls({ ...options, port: server.server.port, protocol: 'h2' });
  const http2 = connect(`https://localhost:${server.server.port}`, { createConnection: () => socket });
  http2.on('error', () => {});
  closers.push(() => http2.destroy());
  return { http2, ...sessions, isResumed: socket.isSessionReused(), call: () => statusOn(http2) };
}

/** The gRPC status of a call that has one message. */
function statusOn(http2: ClientHttp2Session): Promise<number> {
  const { path, requestSerialize } = SessionServiceService.validateSession;
  const stream = openCall(http2, path);
  stream.end(framed(requestSerialize(VALIDATE)));
  return statusOf(stream);
}

function openCall(http2: ClientHttp2Session, path: string): ClientHttp2Stream {
  const headers = { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc' };
  return http2.request(headers, { endStream: false }).on('error', () => {});
}

/** As every gRPC client does, it closes the stream when the server has said its last word. */
async function statusOf(stream: ClientHttp2Stream): Promise<number> {
  let code: unknown;
  stream.on('response', (headers) => (code ??= headers['grpc-status']));
  stream.on('trailers', (headers) => (code ??= headers['grpc-status']));
  stream.on('end', () => stream.close());
  stream.resume();
  await once(stream, 'close');
  return Number(code);
}

function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

describe.each(VERSIONS)('a certificate that ends, over %s', (version) => {
  it('is refused on the connection that is open, which is then closed', async () => {
    await start();
    const { http2, call } = await openHttp2({ peer: server.authority.issueSync('app/test', { days: 10 }), version });
    expect(await call()).toBe(status.OK);
    clock.advance(9 * DAY_MS);
    expect(await call()).toBe(status.OK);
    const goodbye = once(http2, 'goaway');
    clock.advance(2 * DAY_MS);
    expect(await call()).toBe(status.PERMISSION_DENIED);
    expect((await goodbye)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    expect(served).toBe(2);
  });

  it('is refused on a connection that is resumed, and on one that is resumed from that', async () => {
    await start();
    const peer = server.authority.issueSync('app/test', { days: 10 });
    const first = await openHttp2({ peer, version });
    expect(await first.call()).toBe(status.OK);
    const second = await openHttp2({ peer, version, session: await first.session });
    expect(second.isResumed).toBe(true);
    expect(await second.call()).toBe(status.OK);
    clock.advance(11 * DAY_MS);
    const session = second.newestSession() ?? (await first.session);
    for (let i = 0; i < 3; i += 1) {
      const next = await openHttp2({ peer, version, session });
      expect(next.isResumed).toBe(true);
      expect(await next.call()).toBe(status.PERMISSION_DENIED);
    }
    expect(served).toBe(2);
  });
});

describe('a stream that is open', () => {
  it.each(['streamValidateSessions', 'watchSessions'] as const)(
    'ends when the certificate of its connection does: %s',
    async (rpc) => {
      await start();
      const peer = server.authority.issueSync('app/test', { days: 10 });
      clock.set(new Date(Date.parse(new X509Certificate(readFileSync(peer.cert)).validTo) - 200));
      const { http2 } = await openHttp2({ peer, version: 'TLSv1.3' });
      const stream = openCall(http2, SessionServiceService[rpc].path);
      expect(await statusOf(stream)).toBe(status.PERMISSION_DENIED);
    },
  );
});
