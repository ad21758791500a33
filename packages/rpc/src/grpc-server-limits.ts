import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import type { DoorLimits } from './door-limits.ts';

/** Where grpc-js keeps the options of the servers of node that it makes, and those servers. */
const SERVER_OPTIONS = 'commonServerOptions';
const SERVERS = 'http2Servers';

/**
 * How long handshakes may take, and that headers arrive whose values have blanks around them, for which grpc-js has no options.
 * Node would leave those out and say so to nobody (RFC 9113, section 8.2.1): a call for which somebody was meant to be
 * answerable would be nobody's. To be called before the server is bound.
 */
export function prepareDoor(server: Server, { handshakeTimeoutMs }: DoorLimits): void {
  const options: unknown = Reflect.get(server, SERVER_OPTIONS);
  if (typeof options !== 'object' || options === null)
    throw new Error(`The server of grpc-js has no ${SERVER_OPTIONS}.`);
  Object.assign(options, { handshakeTimeout: handshakeTimeoutMs, strictFieldWhitespaceValidation: false });
}

/** How many connections may be open, for which it has none either. To be called once the server is bound. */
export function limitConnections(server: Server, { connectionsMax }: DoorLimits): void {
  const servers: unknown = Reflect.get(server, SERVERS);
  if (!(servers instanceof Map) || servers.size === 0) throw new Error(`The server of grpc-js has no ${SERVERS}.`);
  for (const each of servers.keys() as Iterable<Http2Server | Http2SecureServer>) each.maxConnections = connectionsMax;
}
