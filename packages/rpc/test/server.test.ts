import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { promisify } from 'node:util';
import { SessionServiceService, ValidateSessionResponse } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { HealthService } from '@gatehouse/proto/health/v1/health.ts';
import { startStopwatch, waitFor } from '@gatehouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rig, rig } from './harness.ts';
import { SESSION, VALIDATE } from './messages.ts';

const run = promisify(execFile);
let server: Rig | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

describe('a server', () => {
  it('sends an encoded answer as it is', async () => {
    const reply = Buffer.from(ValidateSessionResponse.encode({ session: SESSION }).finish());
    server = await rig({ validateSession: () => reply });
    await expect(server.connectAs('app/test', SessionServiceService).validateSession(VALIDATE)).resolves.toEqual({
      session: SESSION,
    });
  });

  it('does not say that it serves before it is told so, and tells health by service', async () => {
    server = await rig({});
    const health = server.connectAs('app/test', HealthService);
    await expect(health.check({ service: '' })).resolves.toEqual({ status: 2 });
    server.server.setServing(true);
    await expect(health.check({ service: 'gatehouse.session.v1.SessionService' })).resolves.toEqual({ status: 1 });
    await expect(health.check({ service: 'gatehouse.nobody.v1.Nobody' })).rejects.toMatchObject({ kind: 'missing' });
    const { statuses } = await health.list({});
    expect(statuses).toEqual({ '': { status: 1 }, 'gatehouse.session.v1.SessionService': { status: 1 } });
  });

  it('counts calls and refusals under the names that dashboards know', async () => {
    server = await rig(
      { validateSession: () => ({ session: SESSION }) },
      { access: { validateSession: { peers: ['identity'] } } },
    );
    await server.connectAs('identity', SessionServiceService).validateSession(VALIDATE);
    await server
      .connectAs('app/test', SessionServiceService)
      .validateSession(VALIDATE)
      .catch(() => {});
    const text = await server.registry.metrics();
    const labels = 'grpc_service="gatehouse.session.v1.SessionService",grpc_method="ValidateSession",grpc_type="unary"';
    expect(text).toContain(`grpc_server_handled_total{${labels},grpc_code="OK",service="session"} 1`);
    expect(text).toContain(`grpc_server_handled_total{${labels},grpc_code="PERMISSION_DENIED",service="session"} 1`);
    expect(text).toContain(`grpc_server_handling_seconds_count{${labels},service="session"} 2`);
  });

  it('drains: a running call ends well, an open stream is cut off, and then it is over', async () => {
    let release: (() => void) | undefined;
    const running = await rig({
      validateSession: () =>
        new Promise((resolve) => {
          release = () => resolve({ session: SESSION });
        }),
    });
    const client = running.connectAs('app/test', SessionServiceService);
    const call = client.validateSession(VALIDATE);
    await waitFor(() => release);
    const watch = await openWatch(running);
    const watching = startStopwatch();
    const drained = running.server.drain(400);
    release?.();
    await expect(call).resolves.toEqual({ session: SESSION });
    await drained;
    expect(watching.stop()).toBeLessThan(3_000);
    await watch.ended;
    await running.stop();
  });

  it('is not held up in draining by a connection on which nothing is said', async () => {
    const running = await rig({});
    const silent = await connectSilently(running.server.port);
    await running.server.drain(60_000);
    await silent.closed;
    await running.stop();
  });

  it('cuts a connection off whose handshake does not end', async () => {
    const running = await rig({});
    const slow = await connectSilently(running.server.port);
    // The first bytes of a ClientHello.
    slow.socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    await waitFor(() => slow.socket.writableLength === 0);
    await running.server.drain(100);
    await slow.closed;
    await running.stop();
  });

  it('leaves the connections of another server alone', async () => {
    server = await rig({ validateSession: () => ({ session: SESSION }) });
    const silent = await connectSilently(server.server.port);
    const other = await rig({});
    await other.stop();
    await expect(server.connectAs('app/test', SessionServiceService).validateSession(VALIDATE)).resolves.toEqual({
      session: SESSION,
    });
    expect(silent.socket.closed).toBe(false);
    silent.socket.destroy();
  });
});

describe('certificates that are replaced while the server runs', () => {
  it('are shown to the next connection, and the open one goes on', async () => {
    server = await rig({ validateSession: () => ({ session: SESSION }) });
    const client = server.connectAs('app/test', SessionServiceService);
    await client.validateSession(VALIDATE);
    const before = await shownSerial(server);
    server.authority.issueSync('session');
    expect(server.certificates.refresh()).toBe(true);
    expect(await shownSerial(server)).not.toBe(before);
    await expect(client.validateSession(VALIDATE)).resolves.toEqual({ session: SESSION });
    await expect(server.connectAs('app/other', SessionServiceService).validateSession(VALIDATE)).resolves.toEqual({
      session: SESSION,
    });
  });
});

describe('reflection', () => {
  it('lets buf curl list the services and call one, with its limits and errors', async () => {
    server = await rig({ validateSession: () => ({ session: SESSION }) }, { reflection: true });
    const { ca, cert, key } = server.authority.issueSync('app/curl');
    const url = `https://localhost:${server.server.port}`;
    const tls = ['--protocol', 'grpc', '--cacert', ca, '--cert', cert, '--key', key];
    const buf = (...args: string[]) => run('node_modules/.bin/buf', ['curl', ...tls, ...args]);
    const { stdout: services } = await buf('--list-services', url);
    expect(services).toContain('gatehouse.session.v1.SessionService');
    const { stdout: methods } = await buf('--list-methods', url);
    expect(methods).toContain('gatehouse.session.v1.SessionService/ValidateSession');
    const call = `${url}/gatehouse.session.v1.SessionService/ValidateSession`;
    const { stdout } = await buf('--data', '{"sessionToken":"x"}', call);
    expect(JSON.parse(stdout)).toMatchObject({ session: { sessionId: 's', authenticationMethods: ['pwd'] } });
    const error = await buf('--data', `{"consistencyToken":"${'x'.repeat(257)}"}`, call).catch(
      (e: { stderr: string }) => e,
    );
    expect(error.stderr).toContain('invalid_argument');
    expect(error.stderr).toContain('consistency_token');
  });

  it('is not there unless it is switched on', async () => {
    server = await rig({});
    const { ca, cert, key } = server.authority.issueSync('app/curl');
    const tls = ['--protocol', 'grpc', '--cacert', ca, '--cert', cert, '--key', key];
    await expect(
      run('node_modules/.bin/buf', ['curl', ...tls, '--list-services', `https://localhost:${server.server.port}`]),
    ).rejects.toThrow(/unimplemented|does not support/i);
  });
});

/** A TCP connection that begins no handshake. */
async function connectSilently(port: number) {
  const socket = tcpConnect(port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return { socket, closed };
}

/** A health watch that stays open. */
async function openWatch({ authority, server: { port } }: Rig): Promise<{ ended: Promise<void> }> {
  const { Client, credentials } = await import('@grpc/grpc-js');
  const { ca, cert, key } = authority.issueSync('app/watch');
  const client = new Client(
    `localhost:${port}`,
    credentials.createSsl(readFileSync(ca), readFileSync(key), readFileSync(cert)),
  );
  const { path, requestSerialize, responseDeserialize } = HealthService.watch;
  const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: '' });
  const ended = new Promise<void>((resolve) => {
    stream.on('error', () => resolve());
    stream.on('end', () => resolve());
  }).then(() => client.close());
  await new Promise<void>((resolve) => stream.once('data', () => resolve()));
  return { ended };
}

/** Serial number of the certificate that the server shows to a new connection. */
function shownSerial({ authority, server: { port } }: Rig): Promise<string> {
  const { ca, cert, key } = authority.issueSync('app/probe');
  const [caPem, certPem, keyPem] = [ca, cert, key].map((file) => readFileSync(file));
  return new Promise((resolve, reject) => {
    const socket = tlsConnect(
      {
        host: '127.0.0.1',
        port,
        ca: caPem,
        cert: certPem,
        key: keyPem,
        servername: 'localhost',
        ALPNProtocols: ['h2'],
      },
      () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
}
