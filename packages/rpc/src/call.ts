import { Failure } from '@gatehouse/failure';
import type { Metadata } from '@grpc/grpc-js';
import type { Method } from './method.ts';
import type { Peer } from './peer.ts';
import type { TraceContext } from './trace.ts';

/** The end user for whom a peer acts, proved by a session token. */
export interface Actor {
  readonly userId: string;
  readonly sessionId: string;
}

/** What an outgoing call takes over from the incoming one that causes it. */
export interface CallContext {
  /** Unix milliseconds at which the work must have ended. */
  readonly deadlineMs?: number | undefined;
  readonly requestId?: string | undefined;
  readonly trace?: TraceContext | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Session token of the end user, sent as a bearer token in `authorization`. */
  readonly sessionToken?: string | undefined;
}

/** One call that is being served, as its handler sees it. */
export interface Call extends CallContext {
  /** Full name, such as `/gatehouse.session.v1.SessionService/CreateSession`. */
  readonly method: string;
  /** UUID. Taken from `x-request-id` when that is one, and passed on to every call that this one causes. */
  readonly requestId: string;
  readonly trace: TraceContext;
  readonly peer: Peer;
  readonly deadlineMs: number;
  /** Aborted when the caller goes away or the deadline passes; its reason is a Failure. */
  readonly signal: AbortSignal;
  readonly sessionToken: string | undefined;
  /** Set where access.ts lets a peer act for an end user, and it did. */
  readonly actor: Actor | undefined;
}

/** How a call ended. */
export interface Outcome {
  /** gRPC status code. */
  readonly code: number;
  /** Reason of the Failure; empty when the call succeeded. */
  readonly reason: string;
  /** What was thrown, when something was. */
  readonly error: unknown;
}

/** The call as the interceptors fill it in. A class, because one is made for every request. */
export class ServedCall implements Call {
  readonly startedAt = performance.now();
  requestId = '';
  deadlineMs = 0;
  actor: Actor | undefined;
  /** Ends the call when the server's own deadline passes. */
  onTimeout: () => void = () => {};
  readonly definition: Method;
  readonly metadata: Metadata;
  private peerOf: (() => Peer) | undefined;
  private knownPeer: Peer | undefined;
  private knownTrace: TraceContext | undefined;
  private controller: AbortController | undefined;
  private abortReason: Failure | undefined;

  constructor(definition: Method, metadata: Metadata, peerOf: () => Peer) {
    this.definition = definition;
    this.metadata = metadata;
    this.peerOf = peerOf;
  }

  get method(): string {
    return this.definition.path;
  }

  get peer(): Peer {
    if (!this.knownPeer && this.peerOf) this.knownPeer = this.peerOf();
    if (!this.knownPeer) throw new Failure('denied', 'PEER_NOT_ALLOWED', 'The peer is not known.');
    return this.knownPeer;
  }

  get trace(): TraceContext {
    this.knownTrace ??= this.definition.trace(this.metadata.get('traceparent')[0]);
    return this.knownTrace;
  }

  get sessionToken(): string | undefined {
    const header = this.metadata.get('authorization')[0];
    if (typeof header !== 'string') return undefined;
    const [scheme, token] = header.split(' ', 2);
    return scheme?.toLowerCase() === 'bearer' ? token : undefined;
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.abortReason) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  /** Ends the work of the call. Only the first reason counts. */
  abort(reason: Failure): void {
    if (this.abortReason) return;
    this.abortReason = reason;
    this.controller?.abort(reason);
  }
}
