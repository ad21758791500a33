import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type { ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Access } from './access.ts';
import type { PeerResolver } from './connection.ts';
import { type DescriptorImage, descriptorImage } from './descriptor-image.ts';
import type { Handler, Handlers, RpcDefinition, RpcDefinitions, ServerStreamHandler } from './handler.ts';
import type { Interceptor } from './interceptors/index.ts';
import type { Method } from './method.ts';
import { compileRules } from './rules/compile.ts';
import { streamCall } from './stream-call.ts';
import { continueTrace } from './trace.ts';
import { unaryCall } from './unary-call.ts';

/** What the server needs to serve a method, beyond the method itself. */
export interface Serving {
  readonly edge: readonly Interceptor[];
  readonly peerOf: PeerResolver;
  /** Deadline of a call whose caller set none. Milliseconds. */
  readonly defaultDeadlineMs: number;
}

/** A service with its handlers and who may call them, ready to be served. */
export interface Mounted {
  /** Full name, such as `gatehouse.session.v1.SessionService`. */
  readonly service: string;
  readonly definition: ServiceDefinition;
  implementation(serving: Serving): UntypedServiceImplementation;
}

/** RPCs of others that change nothing, and whose protos do not say so. */
const READ_ONLY_UNDECLARED: ReadonlySet<string> = new Set(['/envoy.service.auth.v3.Authorization/Check']);

/** Puts a service definition, its handlers and its access table together. */
export function mount<Definition extends RpcDefinitions>(
  definition: Definition,
  handlers: Handlers<Definition>,
  access: Access<Definition>,
): Mounted {
  const image = descriptorImage();
  const rpcs = Object.entries(definition);
  const service = rpcs[0]?.[1].path.split('/')[1] ?? '';
  return {
    service,
    definition: Object.fromEntries(rpcs.map(([key, rpc]) => [key, grpcMethod(rpc)])),
    implementation: (serving) =>
      Object.fromEntries(
        rpcs.map(([key, rpc]) => [
          key,
          serveMethod(methodOf(image, rpc, access[key] ?? { peers: [] }), handlers[key], serving),
        ]),
      ),
  };
}

function grpcMethod(rpc: RpcDefinition): ServiceDefinition[string] {
  return {
    ...rpc,
    // A handler that keeps its answer encoded sends it as it is.
    responseSerialize: (value: unknown) => (Buffer.isBuffer(value) ? value : rpc.responseSerialize(value)),
  };
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
    readOnly:
      descriptor.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS || READ_ONLY_UNDECLARED.has(rpc.path),
    access,
    validate: compileRules(image, descriptor.input.typeName),
    trace: continueTrace,
  };
}

function serveMethod(method: Method, handler: unknown, serving: Serving): UntypedHandleCall {
  switch (method.kind) {
    case 'unary':
      return unaryCall(method, handler as Handler<unknown, unknown>, serving) as UntypedHandleCall;
    case 'server_stream':
    case 'bidi_stream':
      return streamCall(method, handler as ServerStreamHandler<unknown, unknown>, serving) as UntypedHandleCall;
    case 'client_stream':
      throw new Error(`${method.path}: client streams are not served.`);
  }
}
