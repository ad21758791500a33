import type { Failure } from '@gatehouse/failure';
import { isUuid, uuidv7 } from '@gatehouse/process';
import { readActingToken } from './acting-token.ts';
import type { ConnectedCall, Connection, ConnectionResolver } from './connection.ts';
import { IDEMPOTENCY_KEY, type Idempotency, readIdempotency } from './idempotency.ts';
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
  /** Reading it throws `unauthenticated` when `authorization` is there and no good. */
  readonly sessionToken: string | undefined;
  /**
   * Where a proxy says that it saw the end user (`x-gatehouse-client-address`); undefined when it does not say, empty when it
   * says what has to be one thing several times. Anybody may send it: who reads it decides whom to believe.
   */
  readonly clientAddress: string | undefined;
  /** Set where access.ts lets a peer act for an end user, and it did. */
  readonly actor: Actor | undefined;
  /** Set when the caller wants the call to be carried out once. Reading it throws `invalid` when it is malformed. */
  readonly idempotency: Idempotency | undefined;
}

const CLIENT_ADDRESS = 'x-gatehouse-client-address';

/** The metadata of a call, by names in lower case. */
export interface CallHeaders {
  get(name: string): readonly unknown[];
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

/** The call as the interceptors fill it in. What many calls never ask for is worked out when it is asked for. */
export class ServedCall implements Call {
  readonly startedAt = performance.now();
  deadlineMs = 0;
  actor: Actor | undefined;
  readonly definition: Method;
  /** Out of sight, because a call is also the context of what it calls, and must not pass on what it was given. */
  readonly #received: CallHeaders;
  private readonly connectionOf: ConnectionResolver;
  private readonly connected: ConnectedCall;
  private knownRequestId: string | undefined;
  private knownConnection: Connection | undefined;
  private knownTrace: TraceContext | undefined;
  private controller: AbortController | undefined;
  private abortReason: Failure | undefined;

  constructor(definition: Method, received: CallHeaders, connectionOf: ConnectionResolver, connected: ConnectedCall) {
    this.definition = definition;
    this.#received = received;
    this.connectionOf = connectionOf;
    this.connected = connected;
  }

  get method(): string {
    return this.definition.path;
  }

  get peer(): Peer {
    return this.connection.peer;
  }

  /** That on which it came. */
  get connection(): Connection {
    this.knownConnection ??= this.connectionOf(this.connected);
    return this.knownConnection;
  }

  get requestId(): string {
    this.knownRequestId ??= requestIdOf(this.#received.get('x-request-id')[0]);
    return this.knownRequestId;
  }

  get trace(): TraceContext {
    this.knownTrace ??= this.definition.trace(this.#received.get('traceparent')[0]);
    return this.knownTrace;
  }

  get sessionToken(): string | undefined {
    return readActingToken(this.#received.get('authorization'));
  }

  get clientAddress(): string | undefined {
    const values = this.#received.get(CLIENT_ADDRESS);
    if (values.length === 0) return undefined;
    const [only] = values;
    return values.length === 1 && typeof only === 'string' ? only : '';
  }

  get idempotency(): Idempotency | undefined {
    return readIdempotency(this.#received.get(IDEMPOTENCY_KEY), this.definition);
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

function requestIdOf(given: unknown): string {
  return typeof given === 'string' && isUuid(given) ? given : uuidv7();
}
