import { Failure } from '@gatehouse/failure';
import { status } from '@grpc/grpc-js';
import { answerQueue } from './answer-queue.ts';
import { ServedCall } from './call.ts';
import type { DirectMethod, WireCall } from './direct.ts';
import type { SyncStream, SyncStreamHandler } from './handler.ts';
import { holdToLimits } from './interceptors/limits.ts';
import type { Method } from './method.ts';
import type { Serving } from './mount.ts';
import { toStatus } from './status.ts';
import { endInTime } from './stream-lifetime.ts';
import { callerGone, domainOf, outcomeOf } from './unary-call.ts';

type Handler = SyncStreamHandler<unknown, unknown>;

/**
 * Serves an RPC that has one response for each request of a stream. Requests are read while the caller reads the answers
 * and not too many are outstanding; they are answered in the step in which they arrive where the handler can do that.
 */
export function syncStreamCall(method: Method, handler: Handler, serving: Serving): DirectMethod {
  return (wire) => {
    let served: ServedStream | undefined;
    wire.start({
      onReceiveMetadata(metadata) {
        served = serveStream(new ServedCall(method, metadata, serving.connectionOf, wire), wire, handler, serving);
      },
      onReceiveMessage: (request) => served?.receive(request),
      onReceiveHalfClose: () => served?.halfClose(),
      onCancel: () => served?.cancel(),
    });
  };
}

interface ServedStream {
  receive(request: unknown): void;
  halfClose(): void;
  /** Told of every stream in the end, also of one that was answered. */
  cancel(): void;
}

function serveStream(call: ServedCall, wire: WireCall, handler: Handler, { edge }: Serving): ServedStream {
  const method = call.definition;
  let stream: SyncStream<unknown, unknown> | undefined;
  let reached = 0;
  let isOver = false;
  let isReading = false;
  let isPulling = false;

  // grpc-js tells of a read that can be met at once before startRead returns: a loop, so that nothing is nested.
  const pull = () => {
    if (isPulling) return;
    isPulling = true;
    while (!isReading && !isOver && !answers.isFull) {
      isReading = true;
      wire.startRead();
    }
    isPulling = false;
  };
  const finish = (error: unknown) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    answers.clear();
    const released = errorOf(() => stream?.end?.());
    const reason = error ?? released;
    if (reason !== undefined) call.abort(reason instanceof Failure ? reason : streamEnded());
    const outcome = outcomeOf(reason);
    for (let i = reached - 1; i >= 0; i--) edge[i]?.after?.(call, outcome);
    wire.sendStatus(reason === undefined ? OK : toStatus(reason, domainOf(method.service), call.requestId));
  };
  const answers = answerQueue({
    encode: method.encode,
    write: (bytes, written) => wire.sendMessage(bytes, written),
    room: pull,
    ended: finish,
  });
  const open = async () => {
    for (const interceptor of edge) {
      if (isOver) return;
      reached += 1;
      await interceptor.before?.(call, undefined);
    }
    if (!isOver) stream = handler.open(call);
  };

  // grpc-js has a timer too, but tells of it only when the caller has read everything.
  const timer = endInTime(call, Number(wire.getDeadline()), finish);
  open().then(pull, answers.fail);
  return {
    receive(request) {
      isReading = false;
      if (isOver || !stream) return;
      try {
        holdToLimits(method, request);
        answers.add(stream.message(request));
      } catch (error) {
        answers.fail(error);
      }
      pull();
    },
    halfClose: () => answers.end(),
    cancel: () => finish(callerGone(call)),
  };
}

const OK = { code: status.OK, details: 'OK' };

/** Why work is given up that a stream began before it broke. */
function streamEnded(): Failure {
  return new Failure('cancelled', 'CANCELLED', 'The stream has ended.');
}

function errorOf(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}
