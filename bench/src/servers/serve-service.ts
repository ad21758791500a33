import type { Runtime } from '@gatehouse/mesh';
import { Registry } from '@gatehouse/process';
import { type Acting, type Mounted, serve, type Transport } from '@gatehouse/rpc';
import type { Served } from './run-server.ts';

/** Who may come in at which port, without TLS. */
const LOOPBACK_PEERS = { app: 'app/bench', edge: 'edge/bench', operator: 'operator/bench' } as const;
const DRAIN_MS = 500;

/**
 * Serves a service as its own entry point does, but for the transport: on loopback without TLS, where each port stands
 * for one peer, so that it can be compared with a ceiling that has no TLS either; and on one port with mTLS.
 */
export async function serveService(
  runtime: Runtime,
  trustDomain: string,
  { services, acting }: { readonly services: readonly Mounted[]; readonly acting: Acting },
): Promise<Served> {
  const listen = async (transport: Transport): Promise<number> => {
    const server = await serve({
      listen: { host: '127.0.0.1', port: 0 },
      transport,
      services,
      acting,
      reflection: false,
      logger: runtime.logger,
      // The same metrics can't be registered twice.
      registry: new Registry(),
    });
    server.setServing(true);
    runtime.stops.add('server', () => server.drain(DRAIN_MS));
    return server.port;
  };
  const ports: Record<string, number> = {
    tls: await listen({ kind: 'mtls', certificates: runtime.certificates, trustDomain }),
  };
  for (const [name, peer] of Object.entries(LOOPBACK_PEERS)) {
    ports[name] = await listen({ kind: 'insecure-loopback', peer });
  }
  return { ports, metrics: () => runtime.registry.metrics(), stop: () => runtime.stops.stop() };
}
