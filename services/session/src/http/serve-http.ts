import type { Runtime } from '@gatehouse/mesh';
import { edgeAccess, tokenAccess } from '../access.ts';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { forwardAuthRoute } from './forward-auth.ts';
import { jwksRoute } from './jwks.ts';
import { startHttpServer } from './server.ts';

/** How much of the drain budget requests have to end. They take milliseconds; the rest is for calls and stores. */
const DRAIN_SHARE = 0.1;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Serves forward-auth and the key set, if the configuration says where. The runtime's stop stack drains it. */
export async function serveHttp(config: Config, { certificates, logger, registry, stops }: Runtime, deps: Deps) {
  const listen = config.GATEHOUSE_SESSION_HTTP_LISTEN;
  const transport = config.GATEHOUSE_SESSION_HTTP_TRANSPORT;
  if (!listen) return;
  if (transport === 'plaintext' && !LOOPBACK.has(listen.host)) {
    logger.warn({ listen }, 'HTTP is served in plain text: anybody may ask, and tokens can be read on the way');
  }
  const server = await startHttpServer({
    listen,
    transport,
    certificates,
    trustDomain: config.GATEHOUSE_TRUST_DOMAIN,
    routes: [forwardAuthRoute(deps, edgeAccess.check), jwksRoute(deps, tokenAccess.getJsonWebKeySet)],
    logger,
    registry,
  });
  stops.add('http server', () => server.drain(config.GATEHOUSE_DRAIN_BUDGET_MS * DRAIN_SHARE));
  logger.info({ port: server.port, transport }, 'serving http');
}
