import type { TLSSocket } from 'node:tls';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { type CertificateSource, certificateSource } from '@gatehouse/rpc';
import { type Authority, type CertificateFiles, fakeClock, openTls, testAuthority } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../src/index.ts';
import { refusalForm } from './refusal-form.ts';

const DAY_MS = 86_400_000;

let authority: Authority;
let certificates: CertificateSource;
let server: HttpServer;
let peer: CertificateFiles;
const clock = fakeClock();
const sockets: TLSSocket[] = [];

beforeAll(async () => {
  authority = await testAuthority();
  certificates = certificateSource({ ...(await authority.issue('session')), logger: silentLogger });
});
afterAll(() => certificates.stop());
beforeEach(async () => {
  clock.set(new Date());
  peer = await authority.issue('edge/nginx', { days: 10 });
  server = await startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    transport: 'mtls',
    certificates,
    trustDomain: authority.trustDomain,
    routes: [
      {
        name: 'test',
        method: 'GET',
        access: { peers: ['edge/*'] },
        matches: (path) => path === '/test',
        handle: () => ({ status: 200, headers: [], body: 'fine' }),
      },
    ],
    refusalForm,
    logger: silentLogger,
    registry: createRegistry('session'),
    clock,
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.drain(0);
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a certificate that ends, over %s', (version) => {
  const open = async (session?: Buffer) => {
    const opened = await openTls({
      port: server.port,
      peer,
      version,
      protocol: 'http/1.1',
      ...(session ? { session } : {}),
    });
    sockets.push(opened.socket);
    return { ...opened, isResumed: opened.socket.isSessionReused(), ask: () => askOn(opened.socket) };
  };

  it('is refused on the connection that is open, which is then closed', async () => {
    const { ask } = await open();
    expect(await ask()).toMatch(/^HTTP\/1.1 200 /);
    clock.advance(11 * DAY_MS);
    const refused = await ask();
    expect(refused).toMatch(/^HTTP\/1.1 403 /);
    expect(refused.toLowerCase()).toContain('connection: close');
  });

  it('is refused on a connection that is resumed, and on one that is resumed from that', async () => {
    const first = await open();
    expect(await first.ask()).toMatch(/^HTTP\/1.1 200 /);
    const second = await open(await first.session);
    expect(second.isResumed).toBe(true);
    expect(await second.ask()).toMatch(/^HTTP\/1.1 200 /);
    clock.advance(11 * DAY_MS);
    const session = second.newestSession() ?? (await first.session);
    for (let i = 0; i < 2; i += 1) {
      const next = await open(session);
      expect(next.isResumed).toBe(true);
      expect(await next.ask()).toMatch(/^HTTP\/1.1 403 /);
    }
  });
});

/** The head of the answer to a request. */
function askOn(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let reply = '';
    const onData = (part: Buffer) => {
      reply += part.toString('latin1');
      if (!reply.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      resolve(reply);
    };
    socket.on('data', onData);
    socket.write('GET /test HTTP/1.1\r\nhost: localhost\r\n\r\n');
  });
}
