import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Logger } from './logger.ts';

/** Whether the process can serve, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  /** One sentence for each thing that is missing. */
  readonly reasons: readonly string[];
}

export interface AdminServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly registry: Registry;
  readonly ready: () => Promise<Readiness>;
  readonly logger: Logger;
}

export interface AdminServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** How long an answer of /readyz is given again, so that probes cost the stores next to nothing. */
const READINESS_CACHE_MS = 1_000;

/** Serves `/metrics` (Prometheus text), `/livez` and `/readyz` (JSON; 503 when not ready) over HTTP. */
export async function startAdminServer({
  host,
  port,
  registry,
  ready,
  logger,
}: AdminServerOptions): Promise<AdminServer> {
  const readiness = cached(ready, READINESS_CACHE_MS);
  const routes: Record<string, (response: ServerResponse) => Promise<void>> = {
    '/livez': async (response) => json(response, 200, { live: true }),
    '/readyz': async (response) => {
      const answer = await readiness();
      json(response, answer.ready ? 200 : 503, answer);
    },
    '/metrics': async (response) => {
      const text = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType }).end(text);
    },
  };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const route = routes[(request.url ?? '').split('?')[0] ?? ''];
    if (!route) return json(response, 404, { error: 'not found' });
    if (request.method !== 'GET' && request.method !== 'HEAD') return json(response, 405, { error: 'use GET' });
    route(response).catch((error: unknown) => {
      logger.error({ err: error, path: request.url }, 'admin request failed');
      if (!response.headersSent) json(response, 500, { error: 'internal' });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

function cached<T>(ask: () => Promise<T>, forMs: number): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = 0;
  return () => {
    const now = performance.now();
    if (!answer || now - askedAt > forMs) {
      askedAt = now;
      answer = ask();
      answer.catch(() => {
        answer = undefined;
      });
    }
    return answer;
  };
}
