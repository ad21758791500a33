import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { TLSSocket } from 'node:tls';
import { type Metadata, status } from '@grpc/grpc-js';
import type { CallHeaders } from './call.ts';
import type { ConnectedCall } from './connection.ts';
import type { UnaryWire } from './unary-call.ts';

/** How a call ends. */
export type EndStatus = Parameters<UnaryWire['sendStatus']>[0];

export const RESPONSE_HEADERS = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': 'identity,deflate,gzip',
} as const;
const TRAILERS_ONLY = { endStream: true, sendDate: false };

/** A call as its headers tell of it, whose body nobody has begun to read. A class, because one is made for every request. */
export class RawCall implements CallHeaders, ConnectedCall {
  /** Under this name `certifiedConnections` finds the connection of the call. */
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.stream = stream;
    this.headers = headers;
  }

  get(name: string): string[] {
    const value = this.headers[name];
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  }

  getPeer(): string {
    const { remoteAddress, remotePort } = this.stream.session?.socket ?? {};
    return remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`;
  }

  getAuthContext(): ReturnType<UnaryWire['getAuthContext']> {
    const socket = this.stream.session?.socket;
    if (!(socket instanceof TLSSocket && socket.authorized)) return {};
    const certificate = socket.getPeerCertificate();
    return certificate.raw ? { transportSecurityType: 'ssl', sslPeerCertificate: certificate } : {};
  }

  /** Ends the call with nothing but a status. */
  refuse({ code, details, metadata }: EndStatus): void {
    this.stream.respond({ ...RESPONSE_HEADERS, ...trailers(code, details, metadata) }, TRAILERS_ONLY);
    this.closeUnread();
  }

  /** Ends what is no call of gRPC. */
  refuseAsHttp(headers: OutgoingHttpHeaders): void {
    this.stream.respond(headers, TRAILERS_ONLY);
    this.closeUnread();
  }

  /** The caller is told to say no more (RFC 9113, 8.1): a stream that stays half open keeps what comes, and holds up a drain. */
  private closeUnread(): void {
    this.stream.on('error', ignore);
    this.stream.close(constants.NGHTTP2_NO_ERROR);
  }
}

/** The headers that say how a call has ended. */
export function trailers(code: status = status.UNKNOWN, details = '', metadata?: Metadata | null): OutgoingHttpHeaders {
  return { 'grpc-status': code, 'grpc-message': encodeURI(details.toWellFormed()), ...metadata?.toHttp2Headers() };
}

function ignore(): void {}
