import type { ServerHttp2Stream } from 'node:http2';
import { ServedCall } from './call.ts';
import type { Connection } from './connection.ts';
import { checkPeer } from './interceptors/access.ts';
import { MessageProgress } from './message-frame.ts';
import { checkMetadata } from './metadata-check.ts';
import type { Method } from './method.ts';
import type { Serving } from './mount.ts';
import type { RawCall } from './raw-call.ts';
import { toStatus } from './status.ts';
import { domainOf, outcomeOf } from './unary-call.ts';
import type { ConnectionShare } from './unfinished-requests.ts';

/**
 * Judges a call by its headers, before anything of its body is kept: what they are, who calls, and whether that peer may
 * call this method, outright or for an end user. Throws a Failure.
 */
export function admit(call: RawCall, method: Method, { connectionOf, canAct }: Serving): Connection {
  checkMetadata(call.headers);
  const connection = connectionOf(call);
  checkPeer(method, connection.peer, canAct);
  return connection;
}

/** Ends a call that was not admitted, which is logged and counted like any other. */
export function turnAway(call: RawCall, method: Method, error: unknown, { connectionOf, edge }: Serving): void {
  const served = new ServedCall(method, call, connectionOf, call);
  const outcome = outcomeOf(error);
  for (let i = edge.length - 1; i >= 0; i -= 1) edge[i]?.after?.(served, outcome);
  call.refuse(toStatus(error, domainOf(method.service), served.requestId));
}

/**
 * Counts what grpc-js keeps of a stream: messages that are not whole. A stream for which there is no room is reset, which
 * gRPC takes for RESOURCE_EXHAUSTED. To be called when grpc-js reads the stream already, so that nothing flows too soon.
 */
export function countUnfinished(stream: ServerHttp2Stream, share: ConnectionShare, reset: () => void): void {
  const progress = new MessageProgress();
  let kept = 0;
  stream.on('data', (chunk: Buffer) => {
    progress.add(chunk);
    const more = progress.bytes - kept;
    kept = progress.bytes;
    if (!share.keep(more)) reset();
  });
  stream.once('close', () => share.giveBack(kept));
}
