import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ask, freePort, type HttpAsk, type HttpReply, startWebServer, type WebServerProgram } from '@gatehouse/testing';
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
const FILES: Readonly<Record<WebServerProgram, string>> = { nginx: 'nginx.conf', caddy: 'Caddyfile' };

/** An application that answers with what it was sent. */
export async function startApplication() {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part;
    });
    request.once('end', () => {
      const raw = request.rawHeaders;
      const headers = raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : []));
      response.end(JSON.stringify({ method: request.method, url: request.url, headers, body }));
    });
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
  const port = await freePort();
  const { ca, cert, key } = await doors.authority.issue(`edge/${program}`);
  const shipped = readFileSync(join(EXAMPLES, FILES[program]), 'utf8');
  const placed = replaceEach(shipped, {
    '127.0.0.1:7207': `127.0.0.1:${doors.port}`,
    '127.0.0.1:8081': `127.0.0.1:${applicationPort}`,
    ':8080': `:${port}`,
    '/etc/gatehouse/tls/ca.pem': ca,
    [`/etc/gatehouse/tls/edge-${program}.pem`]: cert,
    [`/etc/gatehouse/tls/edge-${program}.key`]: key,
    // nginx would write where only root may.
    ...(program === 'nginx' ? { 'http {': `http { access_log off; ${TEMPORARY_FILES}` } : {}),
  });
  const server = await startWebServer({ program, config: edit(placed), port });
  const url = `http://127.0.0.1:${port}`;
  return {
    ...server,
    port,
    url,
    /** Asks for a path as it stands here, without tidying it up. */
    get: (path: string, asked: HttpAsk = {}) => ask(url, { ...asked, path }),
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

/** Headers that an application could take for an identity, in the spelling in which they came. */
export function identityOf({ headers }: Received): Record<string, string> {
  return Object.fromEntries(headers.filter(([name]) => /^x.auth./i.test(name)));
}

/** A header of what was received, whatever its case. */
export function header({ headers }: Received, name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1];
}

function replaceEach(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((result, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The example does not hold ${from}.`);
    return result.replaceAll(from, to);
  }, text);
}
