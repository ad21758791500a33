import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Clock, type HostPort, type Logger, type Registry, systemClock } from '@gatehouse/process';
import {
  type AcceptedConnections,
  acceptedConnections,
  type CertificateSource,
  DOOR_LIMITS,
  type DoorLimits,
  UnfinishedRequests,
} from '@gatehouse/rpc';
import { callingPeers } from './calling-peer.ts';
import { followCertificates } from './certificates.ts';
import type { RefusalForm } from './refusal.ts';
import { answering } from './request.ts';
import type { HttpRoute } from './route.ts';

export interface HttpServerOptions {
  readonly listen: HostPort;
  /** mtls: callers are peers, and each route says which; tls and plaintext: anybody. */
  readonly transport: 'mtls' | 'tls' | 'plaintext';
  readonly certificates: CertificateSource;
  readonly trustDomain: string;
  readonly routes: readonly HttpRoute[];
  /** What requests are told that no route answers. */
  readonly refusalForm: RefusalForm;
  /** Whether an answer repeats the X-Request-ID of its request. By default it does not. */
  readonly echoesRequestId?: boolean;
  readonly logger: Logger;
  readonly registry: Registry;
  /** By which certificates of peers end: as with TLS that of the machine when absent. */
  readonly clock?: Clock;
  /** What whoever connects may take up; what is not here is as in DOOR_LIMITS. */
  readonly limits?: Partial<DoorLimits>;
}

/** A server that answers. */
export interface HttpServer {
  readonly port: number;
  /** Refuses new connections, closes those that rest, lets requests end for `graceMs`, then cuts off what is left. */
  drain(graceMs: number): Promise<void>;
}

const LIMITS = {
  /** As much as nginx takes from a client, and what a proxy adds. */
  maxHeaderSize: 48 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  /** Longer than proxies keep a connection (nginx: 60 seconds), so that they close it, who know whether they need it. */
  keepAliveTimeout: 75_000,
  /** How often the times above are looked at. */
  connectionsCheckingInterval: 1_000,
  // Node would keep the first of several Authorization headers, and nobody would see that they differ.
  joinDuplicateHeaders: true,
} as const;

/** Serves routes over HTTP/1.1, with the service's own certificate, which may be replaced at any time. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { listen, transport, routes, refusalForm, echoesRequestId = false, logger, registry } = options;
  const { clock = systemClock } = options;
  const limits = { ...DOOR_LIMITS, ...options.limits };
  const trustDomain = transport === 'mtls' ? options.trustDomain : undefined;
  const peerOf = callingPeers(trustDomain, clock, new UnfinishedRequests(limits));
  const state = { draining: false };
  const listener = answering({ routes, peerOf, refusalForm, echoesRequestId, state, logger, registry });
  const { server, stop } =
    transport === 'plaintext'
      ? { server: createPlainServer(LIMITS, listener), stop: () => {} }
      : await secureServer(options, limits, listener);
  // A limit on their number would drop headers in silence, the token or its origin among them; their bytes are limited.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.connectionsMax;
  await listening(server, listen);
  const { port } = server.address() as AddressInfo;
  const connections = acceptedConnections(port);
  return {
    port,
    drain(graceMs) {
      state.draining = true;
      stop();
      return drain(server, connections, graceMs);
    },
  };
}

async function secureServer(
  { transport, certificates }: HttpServerOptions,
  { handshakeTimeoutMs }: DoorLimits,
  listener: RequestListener,
) {
  const following = followCertificates(certificates, (context) => server.setSecureContext(context));
  const requestCert = transport === 'mtls';
  const tls = { requestCert, rejectUnauthorized: requestCert, handshakeTimeout: handshakeTimeoutMs };
  const server = createTlsServer({ ...LIMITS, ...(await following.first), ...tls }, listener);
  return { server, stop: following.stop };
}

function listening(server: Server, { host, port }: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function drain(server: Server, connections: AcceptedConnections, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => connections.destroyAll(), graceMs);
    server.close(() => {
      clearTimeout(force);
      connections.destroyAll();
      resolve();
    });
    server.closeIdleConnections();
    connections.destroySilent();
  });
}
