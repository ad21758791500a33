import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type Server, status } from '@grpc/grpc-js';
import { admit, countUnfinished, turnAway } from './door.ts';
import { timeoutMs } from './grpc-timeout.ts';
import { Http2Call, type UnaryCodec } from './http2-call.ts';
import type { Method } from './method.ts';
import type { Serving } from './mount.ts';
import { RawCall } from './raw-call.ts';
import { STREAM_LIFETIME_MS_MAX } from './stream-lifetime.ts';
import type { UnaryWire } from './unary-call.ts';
import type { ConnectionShare } from './unfinished-requests.ts';

/** A unary method, and how its messages are read and written. */
export interface UnaryMethod extends UnaryCodec {
  readonly serve: (call: UnaryWire) => void;
}

/** A method as its streams are judged. */
export interface StreamMethod {
  readonly method: Method;
  /** Undefined for one that streams. */
  readonly unary: UnaryMethod | undefined;
}

/** What holds for every call. */
export interface CallLimits {
  /** Milliseconds from the arrival of a call whose caller set no deadline. */
  readonly defaultDeadlineMs: number;
  /** Larger requests are refused. */
  readonly maxRequestBytes: number;
}

/** No unary call is waited for any longer, whatever deadline its caller sets: its connection is not kept longer either. */
export const CALL_MS_MAX = 5 * 60_000;

/** The method of grpc-js's server that is called for each stream. */
const STREAM_HANDLER = '_streamHandler';
const VISIBLE_ASCII = /^[ -~]*$/;

/**
 * Judges every stream by its headers, before anything of its body is kept, and serves unary methods on their HTTP/2
 * streams, before grpc-js sees them: what it makes for each call costs a third of a call that is answered from memory (ADR
 * 0025). It keeps those whose headers say anything out of the ordinary, such as that a request is compressed. To be called
 * before the server listens. Throws when grpc-js has no such method any more.
 */
export function serveOnStreams(
  server: Server,
  methods: ReadonlyMap<string, StreamMethod>,
  serving: Serving,
  limits: CallLimits,
): void {
  const handleStream: unknown = Reflect.get(server, STREAM_HANDLER);
  if (typeof handleStream !== 'function') throw new Error(`The server of grpc-js has no ${STREAM_HANDLER}.`);
  const leave = (interceptors: unknown, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    if (REPEATED.some((name) => isLong(headers[name]))) refuse(stream);
    else Reflect.apply(handleStream, server, [interceptors, stream, headers]);
  };
  const takeStream = (
    interceptors: unknown,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    _flags: number,
    rawHeaders: readonly string[],
  ) => {
    // Its caller has reset it in the meantime: nobody can be told anything.
    if (stream.destroyed || stream.closed) return;
    if (headers.authorization !== undefined) headers.authorization = authorizationOf(rawHeaders);
    const served = methods.get(headers[':path'] ?? '');
    if (!isGrpc(headers)) {
      const isPost = headers[':method'] === 'POST';
      new RawCall(stream, headers).refuseAsHttp(isPost ? { ':status': 415 } : { ':status': 405, allow: 'POST' });
      return;
    }
    if (!served) {
      // grpc-js says that there is no such method, and would keep what comes all the same.
      leave(interceptors, stream, headers);
      stream.close(constants.NGHTTP2_NO_ERROR);
      return;
    }
    const { method, unary } = served;
    const timeout = timeoutOf(headers, unary ? limits.defaultDeadlineMs : STREAM_LIFETIME_MS_MAX);
    const withinMs = Math.min(timeout ?? 0, unary ? CALL_MS_MAX : STREAM_LIFETIME_MS_MAX);
    const call =
      unary && isPlain(headers)
        ? new Http2Call(stream, headers, withinMs, unary, limits.maxRequestBytes)
        : new RawCall(stream, headers);
    let share: ConnectionShare;
    try {
      share = admit(call, method, serving).unfinished;
    } catch (error) {
      turnAway(call, method, error, serving);
      return;
    }
    if (call instanceof Http2Call) {
      call.countIn(share);
      unary?.serve(call);
    } else {
      headers[TIMEOUT] = `${Math.ceil(withinMs)}m`;
      leave(interceptors, stream, headers);
      countUnfinished(stream, share, () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM));
    }
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

const TIMEOUT = 'grpc-timeout';

/** Messages of protobuf and no others are read, with or without parameters behind their type. */
const GRPC_TYPE = /^application\/grpc(?:\+proto)?(?:;|$)/;

function isGrpc({ ':method': method, 'content-type': type }: IncomingHttpHeaders): boolean {
  return method === 'POST' && type !== undefined && (type === 'application/grpc' || GRPC_TYPE.test(type));
}

/** Whether the request of a unary call need not be seen by grpc-js. */
function isPlain({ 'grpc-encoding': encoding }: IncomingHttpHeaders): boolean {
  return encoding === undefined || encoding === 'identity';
}

/** Within how many milliseconds a call must have ended; undefined where its headers make no sense. */
function timeoutOf({ [TIMEOUT]: timeout }: IncomingHttpHeaders, defaultMs: number): number | undefined {
  if (timeout === undefined) return defaultMs;
  return typeof timeout === 'string' ? timeoutMs(timeout) : undefined;
}
