import { getOption, hasOption } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type { ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Access } from './access.ts';
import type { ConnectionResolver } from './connection.ts';
import { type DescriptorImage, descriptorImage } from './descriptor-image.ts';
import type { DirectMethod } from './direct.ts';
import type {
  Handler,
  Handlers,
  RpcDefinition,
  RpcDefinitions,
  ServerStreamHandler,
  SyncStreamHandler,
} from './handler.ts';
import type { StreamMethod, UnaryMethod } from './http2-streams.ts';
import { refuseIdempotencyKeys } from './idempotency.ts';
import { idempotencyLevelOf } from './idempotency-level.ts';
import type { Interceptor } from './interceptors/index.ts';
import type { Method } from './method.ts';
import { requestDecoder } from './request-decoder.ts';
import { compileRules } from './rules/compile.ts';
import { streamCall } from './stream-call.ts';
import { syncStreamCall } from './sync-stream-call.ts';
import { continueTrace } from './trace.ts';
import { unaryCall } from './unary-call.ts';
import { compileWithoutSecrets } from './without-secrets.ts';

/** What the server needs to serve a method, beyond the method itself. */
export interface Serving {
  readonly edge: readonly Interceptor[];
  readonly connectionOf: ConnectionResolver;
  /** Whether peers may act for end users at all. */
  readonly canAct: boolean;
}

/** A service with its handlers and who may call them, ready to be served. */
export interface Mounted {
  /** Full name, such as `gatehouse.session.v1.SessionService`. */
  readonly service: string;
  readonly definition: ServiceDefinition;
  serve(serving: Serving): Served;
}

/** The methods of a service, by how they are called. */
export interface Served {
  /** Called by grpc-js with its own call objects. */
  readonly implementation: UntypedServiceImplementation;
  /** Called without them, by the full names of the methods. */
  readonly direct: ReadonlyMap<string, DirectMethod>;
  /** All of them, as their streams are judged, by their full names. */
  readonly onStreams: ReadonlyMap<string, StreamMethod>;
}

/** Puts a service definition, its handlers and its access table together. */
export function mount<Definition extends RpcDefinitions>(
  definition: Definition,
  handlers: Handlers<Definition>,
  access: Access<Definition>,
): Mounted {
  const image = descriptorImage();
  const rpcs = Object.entries(definition);
  return {
    service: rpcs[0]?.[1].path.split('/')[1] ?? '',
    definition: Object.fromEntries(rpcs.map(([key, rpc]) => [key, grpcMethod(rpc)])),
    serve: (serving) => {
      const implementation: UntypedServiceImplementation = {};
      const direct = new Map<string, DirectMethod>();
      const onStreams = new Map<string, StreamMethod>();
      for (const [key, rpc] of rpcs) {
        const method = methodOf(image, rpc, access[key] ?? { peers: [] });
        const served = serveMethod(method, handlers[key], serving);
        if ('grpc' in served) implementation[key] = served.grpc;
        else direct.set(method.path, 'unary' in served ? served.unary : served.direct);
        onStreams.set(method.path, {
          method,
          unary:
            'unary' in served ? { serve: served.unary, decode: requestDecoder(rpc), encode: method.encode } : undefined,
        });
      }
      return { implementation, direct, onStreams };
    },
  };
}

function grpcMethod(rpc: RpcDefinition): ServiceDefinition[string] {
  return {
    ...rpc,
    requestDeserialize: requestDecoder(rpc),
    responseSerialize: encoderOf(rpc),
  };
}

/** A handler that keeps its answer encoded sends it as it is. */
function encoderOf({ responseSerialize }: RpcDefinition): (response: unknown) => Buffer {
  return (response) => (Buffer.isBuffer(response) ? response : responseSerialize(response));
}

function methodOf(image: DescriptorImage, rpc: RpcDefinition, access: Method['access']): Method {
  const descriptor = image.method(rpc.path);
  return {
    path: rpc.path,
    service: descriptor.parent.typeName,
    name: descriptor.name,
    kind:
      descriptor.methodKind === 'bidi_streaming'
        ? 'bidi_stream'
        : descriptor.methodKind === 'server_streaming'
          ? 'server_stream'
          : descriptor.methodKind === 'client_streaming'
            ? 'client_stream'
            : 'unary',
    readOnly: idempotencyLevelOf(descriptor) === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
    access,
    validate: compileRules(image, descriptor.input.typeName),
    encodeRequest: rpc.requestSerialize,
    encode: encoderOf(rpc),
    refusesIdempotencyKeys:
      hasOption(descriptor, image.noIdempotencyKey) && getOption(descriptor, image.noIdempotencyKey) === true,
    withoutSecrets: compileWithoutSecrets(descriptor.output),
    trace: continueTrace,
  };
}

function serveMethod(
  method: Method,
  handler: unknown,
  serving: Serving,
): { readonly unary: UnaryMethod['serve'] } | { readonly direct: DirectMethod } | { readonly grpc: UntypedHandleCall } {
  switch (method.kind) {
    case 'unary':
      return { unary: unaryCall(method, unaryHandler(method, handler as Handler<unknown, unknown>), serving) };
    case 'bidi_stream':
      if (isSyncStream(handler)) return { direct: syncStreamCall(method, handler, serving) };
      return {
        grpc: streamCall(method, handler as ServerStreamHandler<unknown, unknown>, serving) as UntypedHandleCall,
      };
    case 'server_stream':
      return {
        grpc: streamCall(method, handler as ServerStreamHandler<unknown, unknown>, serving) as UntypedHandleCall,
      };
    case 'client_stream':
      throw new Error(`${method.path}: client streams are not served.`);
  }
}

/** Nothing is put before the handlers of calls that may have a key. */
function unaryHandler({ refusesIdempotencyKeys }: Method, handler: Handler<unknown, unknown>) {
  return refusesIdempotencyKeys ? refuseIdempotencyKeys(handler) : handler;
}

function isSyncStream(handler: unknown): handler is SyncStreamHandler<unknown, unknown> {
  return typeof handler === 'object' && handler !== null && 'open' in handler;
}
