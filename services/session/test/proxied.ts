import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  ask,
  CALL_LIMIT_MS,
  freePort,
  type HttpAsk,
  type HttpReply,
  startWebServer,
  type WebServerProgram,
  waitFor,
} from '@gatehouse/testing';
import type { Doors } from './edge-doors.ts';

/** What the application was sent. */
export interface Received {
  readonly method: string;
  readonly url: string;
  /** Names as they were sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const EXAMPLES = join(import.meta.dirname, '../../../deploy/compose');
const FILES: Readonly<Record<WebServerProgram, string>> = {
  nginx: 'nginx.conf',
  caddy: 'Caddyfile',
  envoy: 'envoy.yaml',
};

/** An application that answers with what it was sent, also where a WebSocket is opened. */
export async function startApplication() {
  let count = 0;
  const told = ({ method, url, rawHeaders }: IncomingMessage, body: string) => {
    count += 1;
    const headers = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : []));
    return JSON.stringify({ method, url, headers, body });
  };
  const server = createServer(async (message, response) => {
    response.end(told(message, await text(message)));
  });
  server.on('upgrade', (message: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', '', ''];
    socket.end(head.join('\r\n') + told(message, ''));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    /** Requests so far. */
    count: () => count,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The proxy with the example that is shipped, except for addresses and files; `edit` changes it further. */
export async function startProxy(
  program: WebServerProgram,
  {
    doors,
    applicationPort,
    edit = (text) => text,
  }: { doors: Doors; applicationPort: number; edit?: (text: string) => string },
) {
  const [port, adminPort] = [await freePort(), await freePort()];
  const { ca, cert, key } = await doors.authority.issue(`edge/${program}`);
  const shipped = readFileSync(join(EXAMPLES, FILES[program]), 'utf8');
  const addresses =
    program === 'envoy'
      ? {
          'port_value: 7102': `port_value: ${new URL(`http://${doors.rig.service.address}`).port}`,
          'port_value: 8081': `port_value: ${applicationPort}`,
          'port_value: 8080': `port_value: ${port}`,
          'port_value: 9901': `port_value: ${adminPort}`,
          'spiffe://gatehouse.local/': `spiffe://${doors.authority.trustDomain}/`,
          // A busy machine makes an answer late, not wrong.
          'timeout: 0.25s': `timeout: ${CALL_LIMIT_MS / 1000}s`,
        }
      : {
          '127.0.0.1:7207': `127.0.0.1:${doors.port}`,
          '127.0.0.1:8081': `127.0.0.1:${applicationPort}`,
          ':8080': `:${port}`,
        };
  const placed = replaceEach(shipped, {
    ...addresses,
    '/etc/gatehouse/tls/ca.pem': ca,
    [`/etc/gatehouse/tls/edge-${program}.pem`]: cert,
    [`/etc/gatehouse/tls/edge-${program}.key`]: key,
    // nginx would write where only root may.
    ...(program === 'nginx' ? { 'http {': `http { access_log off; ${TEMPORARY_FILES}` } : {}),
  });
  const server = await startWebServer({ program, config: edit(placed), port });
  const url = `http://127.0.0.1:${port}`;
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  if (program === 'envoy') await waitFor(async () => (await ask(`${adminUrl}/ready`)).body.startsWith('LIVE'));
  return {
    ...server,
    port,
    url,
    /** Envoy's own. */
    adminUrl,
    /** Asks for a path as it stands here, without tidying it up. */
    get: (path: string, asked: HttpAsk = {}) => ask(url, { ...asked, path }),
    /** Opens a WebSocket. */
    open: (path: string, headers: Readonly<Record<string, string>>) => openWebSocket(url + path, headers),
  };
}

const TEMPORARY_FILES = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  .map((name) => `${name}_temp_path ${name};`)
  .join(' ');

/** What the application was sent, of an answer that came from it. */
export function received({ status, headers, body }: HttpReply): Received {
  if (status !== 200) throw new Error(`${status} ${headers['x-ext-auth-reason']}: ${body}`);
  return JSON.parse(body);
}

/**
 * What an application that reads headers as CGI does takes for an identity, and for the header of a route: values by their
 * names with a hyphen for all that is neither letter nor digit. Several of one name stand together.
 */
export function believed({ headers }: Received): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of headers) {
    const read = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
    if (!/^x-(auth-|tenant$)/.test(read)) continue;
    values[read] = values[read] === undefined ? value : `${values[read]} and ${value}`;
  }
  return values;
}

/** A header of what was received, whatever its case. */
export function header({ headers }: Received, name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1];
}

/** What the application was sent when a WebSocket was opened; the answer where none was. */
function openWebSocket(url: string, headers: Readonly<Record<string, string>>): Promise<HttpReply> {
  const handshake = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  return new Promise((resolve, reject) => {
    const message = request(url, { agent: false, headers: { ...handshake, ...headers } });
    const reply = (response: IncomingMessage, body: string) =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers as Record<string, string>, body });
    message.once('error', reject);
    message.once('response', (response) => text(response).then((body) => reply(response, body), reject));
    message.once('upgrade', (response, socket, head) => {
      socket.unshift(head);
      text(socket).then((body) => reply(response, body), reject);
    });
    message.end();
  });
}

function replaceEach(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((result, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The example does not hold ${from}.`);
    return result.replaceAll(from, to);
  }, text);
}
