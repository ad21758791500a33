import { readFileSync, writeFileSync } from 'node:fs';
import { get, Agent as PlainAgent } from 'node:http';
import { connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { Failure } from '@gatehouse/failure';
import { createRegistry, silentLogger } from '@gatehouse/process';
import { type CertificateSource, certificateSource } from '@gatehouse/rpc';
import { type Authority, ask, type CertificateFiles, testAuthority, waitFor } from '@gatehouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HttpAnswer, type HttpRoute, type HttpServer, type RouteRequest, startHttpServer } from '../src/index.ts';
import { refusalForm } from './refusal-form.ts';

let authority: Authority;
let own: CertificateFiles;
let certificates: CertificateSource;
let server: HttpServer | undefined;
let handle: (request: RouteRequest) => HttpAnswer | Promise<HttpAnswer>;
const FINE: HttpAnswer = { status: 200, headers: [['x-fine', 'yes']], body: 'fine' };

beforeAll(async () => {
  authority = await testAuthority();
  own = await authority.issue('session');
  certificates = certificateSource({ ...own, logger: silentLogger });
});
afterEach(async () => {
  await server?.drain(0);
  server = undefined;
});
afterAll(() => certificates.stop());

async function start(transport: 'mtls' | 'tls' | 'plaintext') {
  handle = () => FINE;
  const route: HttpRoute = {
    name: 'test',
    method: 'GET',
    access: { peers: ['edge/*'] },
    matches: (path) => path === '/test',
    handle: (request) => handle(request),
  };
  server = await startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    transport,
    certificates,
    trustDomain: authority.trustDomain,
    routes: [route],
    refusalForm,
    logger: silentLogger,
    registry: createRegistry('session'),
  });
  return `${transport === 'plaintext' ? 'http' : 'https'}://localhost:${server.port}/test`;
}

describe('the HTTP server', () => {
  it('asks for no certificate over plain text, and knows nobody', async () => {
    const url = (await start('plaintext')).replace('localhost', '127.0.0.1');
    handle = ({ peer }) => ({ ...FINE, body: peer.name });
    expect(await ask(url)).toMatchObject({ status: 200, body: 'unproven', headers: { 'x-fine': 'yes' } });
  });

  it('asks for none over tls either, even one that would not do', async () => {
    const url = await start('tls');
    expect((await ask(url, {}, await authority.issue('app/test'))).status).toBe(200);
  });

  it.each([
    [
      'a store that does not answer',
      () => new Failure('unavailable', 'POSTGRES_UNAVAILABLE', 'secret'),
      'POSTGRES_UNAVAILABLE',
    ],
    ['whatever it did not foresee', () => new TypeError('secret'), 'INTERNAL'],
  ])('answers 503 for %s, with nothing of its text', async (_what, error, reason) => {
    const url = (await start('plaintext')).replace('localhost', '127.0.0.1');
    for (const fail of [
      () => {
        throw error();
      },
      () => Promise.reject(error()),
    ]) {
      handle = fail;
      const reply = await ask(url);
      expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '1', 'x-reason': reason } });
      expect(reply.body).not.toContain('secret');
    }
  });

  it('answers 503 when a route takes too long, and tells the route', async () => {
    const url = (await start('plaintext')).replace('localhost', '127.0.0.1');
    let told: unknown;
    handle = ({ signal }) => new Promise(() => signal.addEventListener('abort', () => (told = signal.reason)));
    expect(await ask(url)).toMatchObject({ status: 503, headers: { 'x-reason': 'DEADLINE_EXCEEDED' } });
    expect(told).toMatchObject({ kind: 'deadline' });
  });

  it('tells the route when the caller goes away', async () => {
    const url = (await start('plaintext')).replace('localhost', '127.0.0.1');
    const asked = Promise.withResolvers<AbortSignal>();
    handle = ({ signal }) => {
      asked.resolve(signal);
      return new Promise(() => {});
    };
    const message = get(url, { agent: new PlainAgent() }).on('error', () => {});
    const signal = await asked.promise;
    message.destroy();
    await waitFor(() => signal.aborted);
    expect(signal.reason).toMatchObject({ kind: 'cancelled' });
  });

  it('takes up a new certificate without a restart, and keeps the last good one', async () => {
    await start('mtls');
    const client = await authority.issue('edge/nginx');
    const shown = () =>
      new Promise<string>((resolve, reject) => {
        const files = { ca: readFileSync(client.ca), cert: readFileSync(client.cert), key: readFileSync(client.key) };
        const socket = tlsConnect({ host: 'localhost', port: server?.port, ...files }, () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.destroy();
        }).once('error', reject);
      });
    const first = await shown();
    const key = readFileSync(own.key);
    writeFileSync(own.key, 'half a key');
    expect(certificates.refresh()).toBe(false);
    expect(await shown()).toBe(first);
    writeFileSync(own.key, key);
    await authority.issue('session');
    expect(certificates.refresh()).toBe(true);
    expect(await shown()).not.toBe(first);
  });
});

describe('a drain', () => {
  it('lets a request end, and closes its connection and those that rest', async () => {
    const url = (await start('plaintext')).replace('localhost', '127.0.0.1');
    const agent = new PlainAgent({ keepAlive: true, maxSockets: 2 });
    const answered = (path: string) =>
      new Promise<{ status: number; connection: string | undefined }>((resolve, reject) => {
        get(path, { agent }, (response) => {
          response.resume();
          response.once('end', () =>
            resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }),
          );
        }).once('error', reject);
      });
    expect(await answered(url)).toEqual({ status: 200, connection: 'keep-alive' });
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<HttpAnswer>();
    handle = () => {
      begun.resolve();
      return end.promise;
    };
    const last = answered(url);
    await begun.promise;
    const drained = server?.drain(60_000);
    end.resolve(FINE);
    expect(await last).toEqual({ status: 200, connection: 'close' });
    await drained;
    await expect(answered(url)).rejects.toThrow('ECONNREFUSED');
    agent.destroy();
  });

  it.each(['plaintext', 'tls'] as const)('is not held up by a connection on which nothing is said, %s', async (how) => {
    await start(how);
    const silent = tcpConnect(server?.port ?? 0, '127.0.0.1').on('error', () => {});
    const closed = new Promise<void>((resolve) => silent.once('close', () => resolve()));
    await new Promise<void>((resolve) => silent.once('connect', () => resolve()));
    await server?.drain(60_000);
    await closed;
  });

  it.each(['plaintext', 'tls'] as const)('cuts off what does not end in time, %s', async (how) => {
    const url = (await start(how)).replace('http://localhost', 'http://127.0.0.1');
    const begun = Promise.withResolvers<void>();
    handle = () => {
      begun.resolve();
      return new Promise(() => {});
    };
    const asked = ask(url, {}, how === 'tls' ? await authority.issue('app/test') : undefined);
    const refused = expect(asked).rejects.toThrow('socket hang up');
    await begun.promise;
    await server?.drain(10);
    await refused;
  });
});
