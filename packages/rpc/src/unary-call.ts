import { Failure } from '@gatehouse/failure';
import { status } from '@grpc/grpc-js';
import { type CallHeaders, ServedCall } from './call.ts';
import type { WireCall } from './direct.ts';
import type { Handler } from './handler.ts';
import type { Method } from './method.ts';
import type { Serving } from './mount.ts';
import { codeOf, toStatus } from './status.ts';

/** What a unary call needs of the wire. */
export interface UnaryWire
  extends Pick<WireCall, 'startRead' | 'sendMessage' | 'sendStatus' | 'getDeadline' | 'getPeer' | 'getAuthContext'> {
  start(listener: UnaryListener): void;
}

/** What the wire tells of a unary call. Whatever is thrown here ends the process. */
export interface UnaryListener {
  onReceiveMetadata(metadata: CallHeaders): void;
  onReceiveMessage(request: unknown): void;
  onReceiveHalfClose(): void;
  /** The request is not to be served, before it is whole. */
  onRefusal(why: Failure): void;
  onCancel(): void;
}

/**
 * Serves a unary RPC: interceptors, handler, interceptors. Everything that can be done at once is done in one synchronous
 * step; a promise is awaited only where an interceptor or the handler returns one.
 */
export function unaryCall(
  method: Method,
  handler: Handler<unknown, unknown>,
  serving: Serving,
): (wire: UnaryWire) => void {
  const route = { method, handler, serving, domain: domainOf(method.service) };
  return (wire) => wire.start(new UnaryExchange(route, wire));
}

interface Route {
  readonly method: Method;
  readonly handler: Handler<unknown, unknown>;
  readonly serving: Serving;
  readonly domain: string;
}

/** One call as the wire tells of it. A class, because one is made for every request. */
class UnaryExchange implements UnaryListener {
  private readonly route: Route;
  private readonly wire: UnaryWire;
  private metadata: CallHeaders | undefined;
  private request: unknown;
  private call: ServedCall | undefined;
  private reached = 0;
  private isOver = false;

  constructor(route: Route, wire: UnaryWire) {
    this.route = route;
    this.wire = wire;
  }

  onReceiveMetadata(metadata: CallHeaders): void {
    this.metadata = metadata;
    this.wire.startRead();
  }

  onReceiveMessage(request: unknown): void {
    if (this.request !== undefined) {
      this.malformed('more than one request message');
      return;
    }
    this.request = request;
    this.wire.startRead();
  }

  onReceiveHalfClose(): void {
    if (this.isOver) return;
    if (this.request === undefined || !this.metadata) {
      this.malformed('no request message');
      return;
    }
    const { wire } = this;
    const { method, serving } = this.route;
    this.call = new ServedCall(method, this.metadata, serving.connectionOf, wire);
    this.call.deadlineMs = Number(wire.getDeadline());
    this.proceed();
  }

  onRefusal(why: Failure): void {
    if (this.isOver || this.call || !this.metadata) return;
    const { method, serving } = this.route;
    this.call = new ServedCall(method, this.metadata, serving.connectionOf, this.wire);
    this.reached = serving.edge.length;
    this.fail(why);
  }

  /** The wire says so of every call in the end. */
  onCancel(): void {
    if (!this.isOver && this.call) this.call.abort(callerGone(this.call));
  }

  private proceed(): void {
    const { call, request } = this;
    const { handler, serving } = this.route;
    if (!call) return;
    try {
      while (this.reached < serving.edge.length) {
        const pending = serving.edge[this.reached++]?.before?.(call, request);
        if (pending) {
          pending.then(
            () => this.proceed(),
            (error: unknown) => this.fail(error),
          );
          return;
        }
      }
      const result = handler(request, call);
      if (result instanceof Promise) {
        result.then(
          (response) => this.answer(response),
          (error: unknown) => this.fail(error),
        );
      } else this.answer(result);
    } catch (error) {
      this.fail(error);
    }
  }

  private answer(response: unknown): void {
    if (!this.end(undefined)) return;
    this.wire.sendMessage(response, written);
    // Said at once, the end leaves in one piece with the answer.
    this.wire.sendStatus(OK);
  }

  private fail(error: unknown): void {
    const { call } = this;
    const reason = error ?? new Error('Undefined was thrown.');
    if (call && this.end(reason)) this.wire.sendStatus(toStatus(reason, this.route.domain, call.requestId));
  }

  /** False when the call is over already. */
  private end(error: unknown): boolean {
    const { call } = this;
    if (this.isOver || !call) return false;
    this.isOver = true;
    const outcome = outcomeOf(error);
    const { edge } = this.route.serving;
    for (let i = this.reached - 1; i >= 0; i--) edge[i]?.after?.(call, outcome);
    // The stream outlives the call by two rounds of the garbage collector, which should not have to carry all of it.
    this.call = undefined;
    this.metadata = undefined;
    this.request = undefined;
    return true;
  }

  private malformed(what: string): void {
    this.isOver = true;
    this.wire.sendStatus({ code: status.UNIMPLEMENTED, details: `${this.route.method.path} received ${what}.` });
  }
}

const OK = { code: status.OK, details: 'OK' };
const SUCCESS = { code: status.OK, reason: '', error: undefined };

/** Nothing waits for an answer to have left. */
function written(): void {}

/** The ErrorInfo domain of a service: `session.gatehouse` for gatehouse.session.v1.SessionService. */
export function domainOf(service: string): string {
  const [root, name] = service.split('.');
  return root === 'gatehouse' ? `${name}.gatehouse` : 'gatehouse';
}

/** The Failure of a call whose time is up. */
export function deadlineExceeded(): Failure {
  return new Failure('deadline', 'DEADLINE_EXCEEDED', 'The deadline passed.');
}

/** How much earlier a caller may see its deadline pass than we do: we count from the arrival of its request. */
const DEADLINE_SKEW_MS_MAX = 100;

/** Why a call was cancelled: grpc-js does not say whether the caller went away or the deadline passed. */
export function callerGone({ deadlineMs }: { readonly deadlineMs: number }): Failure {
  return Date.now() + DEADLINE_SKEW_MS_MAX >= deadlineMs
    ? deadlineExceeded()
    : new Failure('cancelled', 'CANCELLED', 'The caller went away.');
}

/** What interceptors learn about the end of a call. */
export function outcomeOf(error: unknown): { code: number; reason: string; error: unknown } {
  if (error === undefined) return SUCCESS;
  if (error instanceof Failure) return { code: codeOf[error.kind], reason: error.reason, error };
  return { code: status.INTERNAL, reason: 'INTERNAL', error };
}
