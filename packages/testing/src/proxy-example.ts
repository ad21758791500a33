import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateFiles } from './certificates/authority.ts';
import { freePort } from './free-port.ts';
import { ask, type HttpAsk } from './http-door.ts';
import { openWebSocket } from './open-web-socket.ts';
import { waitFor } from './wait-for.ts';
import { startWebServer, type WebServerProgram } from './web-server.ts';

export interface ProxyExampleOptions {
  /** Those of the proxy. */
  readonly files: CertificateFiles;
  readonly trustDomain: string;
  /** `127.0.0.1:port` of each instance of session: its gRPC port for Envoy, its HTTP port for the others. */
  readonly gatehouse: readonly string[];
  readonly applicationPort: number;
  /** How many times as long as in the example Envoy waits for an answer: a busy machine makes one late, not wrong. */
  readonly patience?: number;
  /** Changes the configuration further. */
  readonly edit?: (text: string) => string;
}

const EXAMPLES = join(import.meta.dirname, '../../../deploy/compose');
const FILES: Readonly<Record<WebServerProgram, string>> = {
  nginx: 'nginx.conf',
  caddy: 'Caddyfile',
  envoy: 'envoy.yaml',
};
const PATIENCE = 100;

/** A proxy with the example that is shipped, except for addresses, files and patience. */
export async function startProxyExample(
  program: WebServerProgram,
  { files, trustDomain, gatehouse, applicationPort, patience = PATIENCE, edit = (text) => text }: ProxyExampleOptions,
) {
  const [port, adminPort] = [await freePort(), await freePort()];
  const [instance = ''] = gatehouse;
  const changes =
    program === 'envoy'
      ? {
          [endpoint('127.0.0.1:7102')]: gatehouse.map(endpoint).join(''),
          'port_value: 8081': `port_value: ${applicationPort}`,
          'port_value: 8080': `port_value: ${port}`,
          'port_value: 9901': `port_value: ${adminPort}`,
          'spiffe://gatehouse.local/': `spiffe://${trustDomain}/`,
          'timeout: 1s': `timeout: ${patience}s`,
          'max_interval: 0.4s': `max_interval: ${patience * 0.4}s`,
          'connect_timeout: 0.25s': `connect_timeout: ${patience * 0.25}s`,
        }
      : {
          '127.0.0.1:7207': instance,
          '127.0.0.1:8081': `127.0.0.1:${applicationPort}`,
          ':8080': `:${port}`,
        };
  const placed = replaceEach(readFileSync(join(EXAMPLES, FILES[program]), 'utf8'), {
    ...changes,
    '/etc/gatehouse/tls/ca.pem': files.ca,
    [`/etc/gatehouse/tls/edge-${program}.pem`]: files.cert,
    [`/etc/gatehouse/tls/edge-${program}.key`]: files.key,
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

/** An instance, in the words of Envoy's example. */
function endpoint(address: string): string {
  const [host, port] = address.split(':');
  return `              - endpoint: { address: { socket_address: { address: ${host}, port_value: ${port} } } }\n`;
}

function replaceEach(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((result, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The example does not hold ${from}.`);
    return result.replaceAll(from, to);
  }, text);
}
