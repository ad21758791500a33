import { readFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { HeaderList } from './hpack.ts';

/** Where a load goes. */
export interface Target {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Full name of the RPC, such as `/gatehouse.session.v1.SessionService/ValidateSession`. */
  readonly path: string;
  /** Undefined: HTTP/2 without TLS. */
  readonly tls?: TlsFiles | undefined;
}

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Every call has a deadline, as every call in the mesh has. */
const CALL_TIMEOUT = '5S';

/** The headers of a gRPC client that are not those of HTTP/2 itself. */
export const GRPC_HEADERS: HeaderList = [
  ['te', 'trailers'],
  ['content-type', 'application/grpc'],
  ['user-agent', 'gatehouse-bench'],
  ['grpc-timeout', CALL_TIMEOUT],
];

/** All headers of a request. */
export function requestHeaders({ port, path, tls }: Target): HeaderList {
  return [
    [':method', 'POST'],
    [':scheme', tls ? 'https' : 'http'],
    [':path', path],
    [':authority', `127.0.0.1:${port}`],
    ...GRPC_HEADERS,
  ];
}

/** Opens the connection under the load; rejects when it is refused. */
export function openSocket({ port, tls }: Target): Promise<Socket> {
  const options = { host: '127.0.0.1', port, noDelay: true };
  const socket = tls
    ? connectTls({
        ...options,
        ca: readFileSync(tls.ca),
        cert: readFileSync(tls.cert),
        key: readFileSync(tls.key),
        ALPNProtocols: ['h2'],
        // Peers of the mesh are named by a SPIFFE id and not by their address; any of the bench's own authority will do.
        checkServerIdentity: () => undefined,
      })
    : connectPlain(options);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
