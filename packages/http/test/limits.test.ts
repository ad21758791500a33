import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { type CertificateSource, certificateSource, type DoorLimits } from '@gatehouse/rpc';
import { type Authority, ask, testAuthority, waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../src/index.ts';
import { refusalForm } from './refusal-form.ts';

let authority: Authority;
let certificates: CertificateSource;
let server: HttpServer;
const sockets: Socket[] = [];

beforeAll(async () => {
  authority = await testAuthority();
  certificates = certificateSource({ ...(await authority.issue('session')), logger: silentLogger });
});
afterAll(() => certificates.stop());
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.drain(0);
});

async function start(transport: 'plaintext' | 'mtls', limits: Partial<DoorLimits> = {}): Promise<void> {
  server = await startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    transport,
    certificates,
    trustDomain: authority.trustDomain,
    routes: [
      {
        name: 'test',
        method: 'POST',
        access: { peers: ['edge/*'] },
        bodyBytesMax: 100_000,
        matches: (path) => path === '/test',
        handle: () => ({ status: 200, headers: [], body: 'fine' }),
      },
    ],
    refusalForm,
    limits,
    logger: silentLogger,
    registry: createRegistry('session'),
  });
}

async function open(): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1').on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket.resume();
}

const post = (body: string, headers = {}) =>
  ask(`http://127.0.0.1:${server.port}/test`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

/** The head of a request, and so much of its body. */
const partOfBody = (bytes: number) =>
  `POST /test HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 90000\r\n\r\n${'x'.repeat(bytes)}`;

describe('the HTTP door', () => {
  it('closes connections beyond their number at once, until others have gone', async () => {
    await start('plaintext', { connectionsMax: 2 });
    const two = [await open(), await open()];
    const over = await open();
    await waitFor(() => over.closed);
    expect(two.map(({ closed }) => closed)).toEqual([false, false]);
    for (const socket of two) socket.destroy();
    await waitFor(async () => (await post('1')).status === 200);
  });

  it.each([
    ['nothing is said', Buffer.alloc(0)],
    // The first bytes of a ClientHello.
    ['a handshake begins and never ends', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00])],
  ])('closes in time a connection on which %s', async (_what, bytes) => {
    await start('mtls', { handshakeTimeoutMs: 200 });
    const socket = await open();
    if (bytes.length > 0) socket.write(bytes);
    await waitFor(() => socket.closed);
  });

  it('takes 48 KiB of headers and no more', async () => {
    await start('plaintext');
    expect((await post('1', { 'x-big': 'y'.repeat(47_000) })).status).toBe(200);
    expect((await post('1', { 'x-big': 'y'.repeat(50_000) })).status).toBe(431);
  });

  it('keeps so much of the bodies of a peer that are not whole, and has room again when they end', async () => {
    await start('plaintext', { unfinishedBytesPerPeerMax: 150_000 });
    const two = [await open(), await open()];
    const replies = ['', ''];
    for (const [index, socket] of two.entries()) {
      socket.on('data', (part: Buffer) => {
        replies[index] += part.toString('latin1');
      });
      socket.write(partOfBody(80_000));
    }
    await waitFor(() => replies.some((reply) => reply.includes('UNFINISHED_REQUESTS_TOO_MANY')));
    const refused = replies.findIndex((reply) => reply.startsWith('HTTP/1.1 503'));
    expect(replies[refused]).toContain('UNFINISHED_REQUESTS_TOO_MANY');
    two[1 - refused]?.destroy();
    await waitFor(async () => (await post(JSON.stringify('x'.repeat(90_000)))).status === 200);
  });
});
