import { readFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';
import type { CertificateFiles } from './certificates/authority.ts';

/** What an HTTP server answers. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpAsk {
  /** In place of that of the URL, and sent as it stands. */
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

/**
 * Asks a server on this machine: with a peer's certificate, or in plain text where there is none. Nothing is kept open.
 * Headers are sent in the spelling in which they are given.
 */
export function ask(url: string, { method = 'GET', headers = {}, body, path }: HttpAsk = {}, peer?: CertificateFiles) {
  const tls = peer && {
    agent: new Agent({ keepAlive: false }),
    ca: readFileSync(peer.ca),
    cert: readFileSync(peer.cert),
    key: readFileSync(peer.key),
    // Whatever the header Host names, the certificate is that of the server.
    servername: new URL(url).hostname,
  };
  const options = {
    ...(path === undefined ? {} : { path }),
    method,
    headers: { connection: 'close', ...headers } as Record<string, string>,
    ...tls,
  };
  return new Promise<HttpReply>((resolve, reject) => {
    const message = (peer ? tlsRequest : plainRequest)(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('error', reject);
      response.once('end', () => {
        const all = response.headers as Record<string, string>;
        resolve({ status: response.statusCode ?? 0, headers: all, body: text });
      });
    });
    message.once('error', reject);
    message.end(body);
  });
}
