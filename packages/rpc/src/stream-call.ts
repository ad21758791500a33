import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { ServedCall } from './call.ts';
import type { ServerStreamHandler } from './handler.ts';
import { checkLimits } from './interceptors/limits.ts';
import type { Method } from './method.ts';
import type { Serving } from './mount.ts';
import { toStatus } from './status.ts';
import { endInTime } from './stream-lifetime.ts';
import { callerGone, domainOf, outcomeOf } from './unary-call.ts';

type StreamCall = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;

/**
 * Serves an RPC that answers with a stream. The handler yields responses; it is stopped through the call's signal, and
 * waits while the caller reads slowly.
 */
export function streamCall(
  method: Method,
  handler: ServerStreamHandler<unknown, unknown>,
  serving: Serving,
): (grpcCall: StreamCall) => void {
  const domain = domainOf(method.service);
  return (grpcCall) => {
    const call = new ServedCall(method, grpcCall.metadata, serving.connectionOf, grpcCall);
    const timer = endInTime(call, Number(grpcCall.getDeadline()), (why) => call.abort(why));
    grpcCall.on('cancelled', () => call.abort(callerGone(call)));
    // A stream that breaks is also cancelled; without a listener its error would end the process.
    grpcCall.on('error', () => {});
    void run(call, grpcCall, handler, serving).then((error) => {
      clearTimeout(timer);
      if (error === undefined) grpcCall.end();
      else grpcCall.emit('error', toStatus(error, domain, call.requestId));
    });
  };
}

async function run(
  call: ServedCall,
  grpcCall: StreamCall,
  handler: ServerStreamHandler<unknown, unknown>,
  { edge }: Serving,
): Promise<unknown> {
  let reached = 0;
  let thrown: unknown;
  try {
    const streamed = call.definition.kind === 'bidi_stream';
    const request = streamed ? undefined : (grpcCall as ServerWritableStream<unknown, unknown>).request;
    for (const interceptor of edge) {
      reached += 1;
      await interceptor.before?.(call, request);
    }
    const source = streamed ? checked(call, grpcCall as ServerDuplexStream<unknown, unknown>) : request;
    for await (const response of handler(source, call)) {
      if (call.signal.aborted) break;
      if (!grpcCall.write(response)) await drained(grpcCall, call.signal);
    }
    if (call.signal.aborted) thrown = call.signal.reason;
  } catch (error) {
    thrown = error;
  }
  const outcome = outcomeOf(thrown);
  for (let i = reached - 1; i >= 0; i--) edge[i]?.after?.(call, outcome);
  return thrown;
}

/** The messages of a stream, each held to the limits of its fields. Throws where one breaks them. */
async function* checked(call: ServedCall, requests: ServerDuplexStream<unknown, unknown>): AsyncIterable<unknown> {
  // The stream must outlive its reading: why it ends is still to be told.
  for await (const request of requests.iterator({ destroyOnReturn: false })) {
    await checkLimits.before?.(call, request);
    yield request;
  }
}

function drained(stream: StreamCall, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    stream.once('drain', done);
    signal.addEventListener('abort', done);
  });
}
