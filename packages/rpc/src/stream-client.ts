import { Failure } from '@gatehouse/failure';
import type { ClientDuplexStream, Client as GrpcClient, Metadata, ServiceError } from '@grpc/grpc-js';
import type { CallContext } from './call.ts';
import type { RpcDefinition } from './handler.ts';
import { fromServiceError } from './status.ts';

/** What is sent on a stream. */
export type Requests<Request> = Iterable<Request> | AsyncIterable<Request>;

/**
 * Calls an RPC whose answer is a stream. Requests are taken as the server reads them. Whoever stops iterating cancels the
 * call; the error at its end is that of a unary call.
 */
export async function* streamCall(
  client: GrpcClient,
  rpc: RpcDefinition,
  requests: Requests<unknown>,
  { deadlineMs, signal, outgoing }: Pick<CallContext, 'deadlineMs' | 'signal'> & { readonly outgoing: Metadata },
): AsyncGenerator<unknown> {
  signal?.throwIfAborted();
  const options = deadlineMs === undefined ? {} : { deadline: deadlineMs };
  const stream = client.makeBidiStreamRequest(
    rpc.path,
    rpc.requestSerialize,
    rpc.responseDeserialize,
    outgoing,
    options,
  );
  const cancel = () => stream.cancel();
  signal?.addEventListener('abort', cancel);
  let failed: unknown;
  // Requests that are still awaited when the call is over are taken no more; nobody waits for them.
  void send(stream, requests).catch((error: unknown) => {
    failed = error;
    stream.cancel();
  });
  try {
    for await (const response of stream) yield response;
  } catch (error) {
    if (failed !== undefined) throw failed;
    if (signal?.aborted) throw signal.reason instanceof Failure ? signal.reason : cancelled();
    throw isServiceError(error) ? fromServiceError(error, rpc.path) : error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    stream.cancel();
  }
}

async function send(stream: ClientDuplexStream<unknown, unknown>, requests: Requests<unknown>): Promise<void> {
  // A call that is over drains no more.
  const over = new Promise<void>((resolve) => stream.once('status', () => resolve()).once('error', () => resolve()));
  let isOver = false;
  void over.then(() => {
    isOver = true;
  });
  for await (const request of requests) {
    if (isOver) return;
    if (!stream.write(request)) await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), over]);
  }
  stream.end();
}

function cancelled(): Failure {
  return new Failure('cancelled', 'CANCELLED', 'The call was cancelled.');
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'metadata' in error;
}
