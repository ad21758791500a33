import { Failure } from '@gatehouse/failure';
import { type handleUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { ServedCall } from './call.ts';
import type { Handler } from './handler.ts';
import type { Method } from './method.ts';
import type { Serving } from './mount.ts';
import { codeOf, toStatus } from './status.ts';

/**
 * Serves a unary RPC: interceptors, handler, interceptors. Everything that can be done at once is done in one synchronous
 * step; a promise is awaited only where an interceptor or the handler returns one.
 */
export function unaryCall<Request, Response>(
  method: Method,
  handler: Handler<Request, Response>,
  { edge, peerOf, defaultDeadlineMs }: Serving,
): handleUnaryCall<Request, Response> {
  const domain = domainOf(method.service);
  return (grpcCall, callback) => {
    const call = new ServedCall(method, grpcCall.metadata, () => peerOf(grpcCall));
    const timer = setDeadline(call, grpcCall.getDeadline(), defaultDeadlineMs);
    let reached = 0;
    let ended = false;
    const cancelled = () => {
      call.abort(
        Date.now() >= call.deadlineMs
          ? deadlineExceeded()
          : new Failure('cancelled', 'CANCELLED', 'The caller went away.'),
      );
    };
    grpcCall.on('cancelled', cancelled);
    const end = (error: unknown, response: Response | Buffer | null) => {
      if (ended) return;
      ended = true;
      // grpc-js says so of every call whose stream has closed. And the stream outlives the call by two rounds of the
      // garbage collector, which should not have to carry what the call was made of.
      grpcCall.off('cancelled', cancelled);
      if (timer) clearTimeout(timer);
      const outcome = outcomeOf(error);
      for (let i = reached - 1; i >= 0; i--) edge[i]?.after?.(call, outcome);
      reply(callback, error, response, domain, call.requestId);
    };
    const fail = (error: unknown) => end(error, null);
    call.onTimeout = () => fail(deadlineExceeded());
    const proceed = (): void => {
      try {
        while (reached < edge.length) {
          const pending = edge[reached++]?.before?.(call, grpcCall.request);
          if (pending) {
            pending.then(proceed, fail);
            return;
          }
        }
        const result = handler(grpcCall.request, call);
        if (result instanceof Promise) result.then((response) => end(undefined, response), fail);
        else end(undefined, result);
      } catch (error) {
        fail(error);
      }
    };
    proceed();
  };
}

/** The ErrorInfo domain of a service: `session.gatehouse` for gatehouse.session.v1.SessionService. */
export function domainOf(service: string): string {
  const [root, name] = service.split('.');
  return root === 'gatehouse' ? `${name}.gatehouse` : 'gatehouse';
}

/** The Failure of a call whose time is up. */
export function deadlineExceeded(): Failure {
  return new Failure('deadline', 'DEADLINE_EXCEEDED', 'The deadline passed.');
}

/** What interceptors learn about the end of a call. */
export function outcomeOf(error: unknown): { code: number; reason: string; error: unknown } {
  if (error === undefined) return { code: status.OK, reason: '', error };
  if (error instanceof Failure) return { code: codeOf[error.kind], reason: error.reason, error };
  return { code: status.INTERNAL, reason: 'INTERNAL', error };
}

/** Gives the call its deadline. The server's own timer is needed only where the caller set no deadline. */
export function setDeadline(call: ServedCall, deadline: Date | number, defaultMs: number): NodeJS.Timeout | undefined {
  const at = Number(deadline);
  if (Number.isFinite(at)) {
    call.deadlineMs = at;
    return undefined;
  }
  call.deadlineMs = Date.now() + defaultMs;
  return setTimeout(() => {
    call.abort(deadlineExceeded());
    call.onTimeout();
  }, defaultMs);
}

function reply<Response>(
  callback: sendUnaryData<Response>,
  error: unknown,
  response: Response | Buffer | null,
  domain: string,
  requestId: string,
): void {
  if (error === undefined) callback(null, response as Response);
  else callback(toStatus(error, domain, requestId));
}
