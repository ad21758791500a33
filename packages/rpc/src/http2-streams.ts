import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type Server, status } from '@grpc/grpc-js';
import { timeoutMs } from './grpc-timeout.ts';
import { Http2Call, type UnaryCodec } from './http2-call.ts';
import type { UnaryWire } from './unary-call.ts';

/** A unary method, and how its messages are read and written. */
export interface UnaryMethod extends UnaryCodec {
  readonly serve: (call: UnaryWire) => void;
}

/** What holds for every call. */
export interface CallLimits {
  /** Milliseconds from the arrival of a call whose caller set no deadline. */
  readonly defaultDeadlineMs: number;
  /** Larger requests are refused. */
  readonly maxRequestBytes: number;
}

/** The method of grpc-js's server that is called for each stream. */
const STREAM_HANDLER = '_streamHandler';
const VISIBLE_ASCII = /^[ -~]*$/;

/**
 * Serves unary methods on their HTTP/2 streams, before grpc-js sees them: what it makes for each call costs a third of a
 * call that is answered from memory (ADR 0025). It keeps those whose headers say anything out of the ordinary, such as
 * that a request is compressed. To be called before the server listens. Throws when grpc-js has no such method any more.
 */
export function serveOnStreams(server: Server, methods: ReadonlyMap<string, UnaryMethod>, limits: CallLimits): void {
  const handleStream: unknown = Reflect.get(server, STREAM_HANDLER);
  if (typeof handleStream !== 'function') throw new Error(`The server of grpc-js has no ${STREAM_HANDLER}.`);
  const takeStream = (
    interceptors: unknown,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    _flags: number,
    rawHeaders: readonly string[],
  ) => {
    if (headers.authorization !== undefined) headers.authorization = authorizationOf(rawHeaders);
    const method = methods.get(headers[':path'] ?? '');
    const timeout = method && plainTimeoutMs(headers, limits.defaultDeadlineMs);
    if (timeout === undefined) {
      if (REPEATED.some((name) => isLong(headers[name]))) refuse(stream);
      else Reflect.apply(handleStream, server, [interceptors, stream, headers]);
    } else method?.serve(new Http2Call(stream, headers, timeout, method, limits.maxRequestBytes));
  };
  Reflect.set(server, STREAM_HANDLER, takeStream);
}

/**
 * All that was sent as `authorization`: Node keeps the first one, and grpc-js none that is not ASCII, which is told as an
 * empty one here, so that it is seen to be there and no good.
 */
function authorizationOf(rawHeaders: readonly string[]): string {
  const values = rawHeaders.filter((_value, at) => at % 2 === 1 && rawHeaders[at - 1] === 'authorization');
  const all = values.join(', ');
  return VISIBLE_ASCII.test(all) ? all : '';
}

/** Headers that grpc-js repeats when it refuses a call for one of them, and would have to send back whole. */
const REPEATED = [':path', 'grpc-timeout', 'grpc-encoding'];
/** None that is good is longer. */
const REPEATED_LENGTH_MAX = 256;

function isLong(header: string | string[] | undefined): boolean {
  return header !== undefined && header.length > REPEATED_LENGTH_MAX;
}

function refuse(stream: ServerHttp2Stream): void {
  stream.on('error', ignore);
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': status.UNIMPLEMENTED,
      'grpc-message': `One of ${REPEATED.join(', ')} has more than ${REPEATED_LENGTH_MAX} characters.`,
    },
    { endStream: true },
  );
  // What the caller goes on to send is not read.
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function ignore(): void {}

/** Within how many milliseconds a call that grpc-js need not see must have ended; undefined for all other calls. */
function plainTimeoutMs(headers: IncomingHttpHeaders, defaultMs: number): number | undefined {
  const encoding = headers['grpc-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return undefined;
  if (!headers['content-type']?.startsWith('application/grpc')) return undefined;
  const timeout = headers['grpc-timeout'];
  if (timeout === undefined) return defaultMs;
  return typeof timeout === 'string' ? timeoutMs(timeout) : undefined;
}
