import type { MethodDefinition } from '@grpc/grpc-js';
import type { Call } from './call.ts';

/** A response that is encoded already: sent as it is. */
export type Encoded = Buffer;

/** Serves a unary RPC. It may answer synchronously, which a hot path should. */
export type Handler<Request, Response> = (
  request: Request,
  call: Call,
) => Response | Encoded | Promise<Response | Encoded>;

/** Serves an RPC that answers with a stream. */
export type ServerStreamHandler<Request, Response> = (
  request: Request,
  call: Call,
) => AsyncIterable<Response | Encoded>;

/** Serves an RPC that streams both ways. */
export type BidiHandler<Request, Response> = (
  requests: AsyncIterable<Request>,
  call: Call,
) => AsyncIterable<Response | Encoded>;

/**
 * Serves an RPC that streams both ways and has one response for each request, in their order. Unlike a BidiHandler it can
 * answer at once what it knows at once, which is several times as fast as a unary call.
 */
export interface SyncStreamHandler<Request, Response> {
  /** Begins a stream. Throwing refuses it. */
  open(call: Call): SyncStream<Request, Response>;
}

/** One stream that is being served. */
export interface SyncStream<Request, Response> {
  /**
   * Answers a request, whose limits have been checked. The responses leave in the order of the requests, also where some
   * are promises. A Failure that is thrown ends the stream when all earlier requests have been answered.
   */
  message(request: Request): Response | Encoded | Promise<Response | Encoded>;
  /** The stream is over, in whatever way: called once, to release what it holds. */
  end?(): void;
}

/** A method of a service definition, as ts-proto generates it. */
export interface RpcDefinition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: a definition is contravariant in its request, so only any admits all of them.
  readonly requestSerialize: (value: any) => Buffer;
  readonly requestDeserialize: (value: Buffer) => unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as above, for its response.
  readonly responseSerialize: (value: any) => Buffer;
  readonly responseDeserialize: (value: Buffer) => unknown;
}

export type RpcDefinitions = Readonly<Record<string, RpcDefinition>>;

export type RequestOf<Rpc extends RpcDefinition> = Parameters<Rpc['requestSerialize']>[0];
export type ResponseOf<Rpc extends RpcDefinition> = Parameters<Rpc['responseSerialize']>[0];

/** The handler that an RPC needs, by whether it streams. */
export type HandlerOf<Rpc extends RpcDefinition> = Rpc['responseStream'] extends true
  ? Rpc['requestStream'] extends true
    ? BidiHandler<RequestOf<Rpc>, ResponseOf<Rpc>> | SyncStreamHandler<RequestOf<Rpc>, ResponseOf<Rpc>>
    : ServerStreamHandler<RequestOf<Rpc>, ResponseOf<Rpc>>
  : Handler<RequestOf<Rpc>, ResponseOf<Rpc>>;

/** One handler for each RPC of a service definition. */
export type Handlers<Definition extends RpcDefinitions> = {
  readonly [Rpc in keyof Definition]: HandlerOf<Definition[Rpc]>;
};

/** The grpc-js form of a method. */
export type GrpcMethod = MethodDefinition<unknown, unknown>;
