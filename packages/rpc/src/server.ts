import { type Clock, type HostPort, type Logger, type Registry, systemClock } from '@gatehouse/process';
import { experimental, Server, ServerCredentials } from '@grpc/grpc-js';
import { type AcceptedConnections, acceptedConnections } from './accepted-connections.ts';
import type { CertificateSource } from './certificates.ts';
import { certifiedConnections, fixedConnection } from './connection.ts';
import { serveDirectly } from './direct.ts';
import { DOOR_LIMITS, type DoorLimits } from './door-limits.ts';
import { limitConnections, prepareDoor } from './grpc-server-limits.ts';
import { health } from './health.ts';
import { serveOnStreams } from './http2-streams.ts';
import type { Acting } from './interceptors/access.ts';
import { edge } from './interceptors/index.ts';
import type { Mounted } from './mount.ts';
import { reflection } from './reflection.ts';
import { UnfinishedRequests } from './unfinished-requests.ts';

/** How connections are made safe. */
export type Transport =
  | { readonly kind: 'mtls'; readonly certificates: CertificateSource; readonly trustDomain: string }
  /** No TLS, every caller taken for one peer. Only for measuring, and refused on any address but loopback. */
  | { readonly kind: 'insecure-loopback'; readonly peer: string };

export interface ServeOptions {
  readonly listen: HostPort;
  readonly transport: Transport;
  readonly services: readonly Mounted[];
  readonly acting?: Acting;
  readonly reflection: boolean;
  readonly logger: Logger;
  readonly registry: Registry;
  /** By which certificates of peers end: as with TLS that of the machine when absent. */
  readonly clock?: Clock;
  /** Deadline of a call whose caller set none. Milliseconds. */
  readonly defaultDeadlineMs?: number;
  readonly maxRequestBytes?: number;
  /** What whoever connects may take up; what is not here is as in DOOR_LIMITS. */
  readonly limits?: Partial<DoorLimits>;
}

/** A server that answers. */
export interface RunningServer {
  readonly port: number;
  /** Says through grpc.health.v1 whether the services serve. They do not until this is called. */
  setServing(serving: boolean): void;
  /** Refuses new connections, lets calls end for `graceMs`, then cuts off what is left, open streams too. */
  drain(graceMs: number): Promise<void>;
}

const DEFAULT_DEADLINE_MS = 10_000;
const MAX_REQUEST_BYTES = 256 * 1024;
/** Connections end after this long, so that clients look up addresses again and find new instances. */
const MAX_CONNECTION_AGE_MS = 5 * 60_000;
const MAX_CONNECTION_AGE_GRACE_MS = 30_000;
const KEEPALIVE_TIME_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
const MAX_CONCURRENT_STREAMS = 1_000;

/** Starts a gRPC server with its services, health and, if asked for, reflection. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { listen, transport, logger, registry } = options;
  const names = options.services.map(({ service }) => service);
  const state = health(names);
  const limits = { ...DOOR_LIMITS, ...options.limits };
  const unfinished = new UnfinishedRequests(limits);
  const serving = {
    edge: edge({ logger, registry, acting: options.acting }),
    connectionOf:
      transport.kind === 'mtls'
        ? certifiedConnections(transport.trustDomain, options.clock ?? systemClock, unfinished)
        : fixedConnection(transport.peer, unfinished),
    canAct: options.acting !== undefined,
  };
  const extra = options.reflection ? reflection([...names, state.mounted.service]) : [];
  const served = [...options.services, state.mounted, ...extra].map(({ definition, serve }) => ({
    definition,
    ...serve(serving),
  }));
  const maxRequestBytes = options.maxRequestBytes ?? MAX_REQUEST_BYTES;
  const server = new Server({
    interceptors: [serveDirectly(new Map(served.flatMap(({ direct }) => [...direct])))],
    'grpc.max_receive_message_length': maxRequestBytes,
    'grpc.max_connection_age_ms': MAX_CONNECTION_AGE_MS,
    'grpc.max_connection_age_grace_ms': MAX_CONNECTION_AGE_GRACE_MS,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.max_concurrent_streams': MAX_CONCURRENT_STREAMS,
    'grpc.enable_channelz': 0,
  });
  prepareDoor(server, limits);
  serveOnStreams(server, new Map(served.flatMap(({ onStreams }) => [...onStreams])), serving, {
    defaultDeadlineMs: options.defaultDeadlineMs ?? DEFAULT_DEADLINE_MS,
    maxRequestBytes,
  });
  for (const { definition, implementation } of served) server.addService(definition, implementation);
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  const port = await bind(server, `${host}:${listen.port}`, credentials(transport, listen.host));
  limitConnections(server, limits);
  const connections = acceptedConnections(port);
  return {
    port,
    setServing: state.set,
    drain: (graceMs) => drain(server, `${host}:${port}`, connections, graceMs),
  };
}

function credentials(transport: Transport, host: string): ServerCredentials {
  if (transport.kind === 'mtls') {
    const { provider } = transport.certificates;
    return experimental.createCertificateProviderServerCredentials(provider, provider, true);
  }
  if (!['127.0.0.1', '::1', 'localhost'].includes(host)) {
    throw new Error(`A server without TLS may listen on loopback only, not on ${host}.`);
  }
  return ServerCredentials.createInsecure();
}

function bind(server: Server, address: string, serverCredentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, serverCredentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}

/** tryShutdown alone never ends while a stream is open: connections are told to go, and cut off when the grace is over. */
function drain(server: Server, address: string, connections: AcceptedConnections, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      connections.destroyAll();
      resolve();
    };
    const force = setTimeout(() => {
      server.forceShutdown();
      end();
    }, graceMs);
    server.drain(address, graceMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      end();
    });
    connections.destroySilent();
  });
}
