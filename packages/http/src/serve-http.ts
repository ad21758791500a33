import type { HostPort, Logger, Registry, StopStack } from '@gatehouse/process';
import type { CertificateSource } from '@gatehouse/rpc';
import { type HttpServerOptions, startHttpServer } from './server.ts';

/** What a service stands on, as far as HTTP goes. */
export interface HttpRuntime {
  readonly certificates: CertificateSource;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly stops: StopStack;
}

export interface ServeHttpOptions
  extends Pick<HttpServerOptions, 'transport' | 'trustDomain' | 'routes' | 'refusalForm' | 'echoesRequestId'> {
  /** undefined: nothing is served. */
  readonly listen: HostPort | undefined;
  /** What the whole process has to stop. */
  readonly drainBudgetMs: number;
}

/** How much of the drain budget requests have to end. They take milliseconds; the rest is for calls and stores. */
const DRAIN_SHARE = 0.1;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Serves the routes of a service, if its configuration says where. The runtime's stop stack drains the server. */
export async function serveHttp(runtime: HttpRuntime, options: ServeHttpOptions): Promise<void> {
  const { certificates, logger, registry, stops } = runtime;
  const { listen, drainBudgetMs, ...rest } = options;
  const { transport } = rest;
  if (!listen) return;
  if (transport === 'plaintext' && !LOOPBACK.has(listen.host)) {
    logger.warn({ listen }, 'HTTP is served in plain text: anybody may ask, and tokens can be read on the way');
  }
  const server = await startHttpServer({ ...rest, listen, certificates, logger, registry });
  stops.add('http server', () => server.drain(drainBudgetMs * DRAIN_SHARE));
  logger.info({ port: server.port, transport }, 'serving http');
}
