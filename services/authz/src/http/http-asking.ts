import type { RouteRequest } from '@gatehouse/http';
import { isUuid, uuidv7 } from '@gatehouse/process';
import { continueTrace, type Peer, type TraceContext } from '@gatehouse/rpc';
import type { Asking } from '../edge/decide-all.ts';

/** Who asks over HTTP, in which request. What only the audit trail wants is worked out when it does. */
export class HttpAsking implements Asking {
  readonly actor = undefined;
  private readonly request: RouteRequest;
  private id: string | undefined;
  private context: TraceContext | undefined;

  constructor(request: RouteRequest) {
    this.request = request;
  }

  get peer(): Peer {
    return this.request.peer;
  }

  get signal(): AbortSignal {
    return this.request.signal;
  }

  get deadlineMs(): number {
    return this.request.deadlineMs;
  }

  /** UUID: that of X-Request-ID where it is one. */
  get requestId(): string {
    const given = this.request.headers['x-request-id'] ?? '';
    this.id ??= isUuid(given) ? given : uuidv7();
    return this.id;
  }

  get trace(): TraceContext {
    this.context ??= continueTrace(this.request.headers.traceparent);
    return this.context;
  }
}
