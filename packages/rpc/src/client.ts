import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { Failure } from '@gatehouse/failure';
import { type ChannelCredentials, credentials, experimental, Client as GrpcClient, Metadata } from '@grpc/grpc-js';
import type { CallContext } from './call.ts';
import type { CertificateSource } from './certificates.ts';
import { descriptorImage } from './descriptor-image.ts';
import type { RequestOf, ResponseOf, RpcDefinition, RpcDefinitions } from './handler.ts';
import { IDEMPOTENCY_KEY } from './idempotency.ts';
import { idempotencyLevelOf } from './idempotency-level.ts';
import { certifiedPeer } from './peer.ts';
import { fromServiceError } from './status.ts';
import { type Requests, streamCall } from './stream-client.ts';
import { toTraceparent } from './trace.ts';
import { deadlineExceeded } from './unary-call.ts';

/** How a client proves who it is and learns who answers. */
export type ClientTransport =
  | {
      readonly kind: 'mtls';
      readonly certificates: CertificateSource;
      readonly trustDomain: string;
      /** Name that the server's certificate must hold, such as `session`. */
      readonly serverName: string;
    }
  | { readonly kind: 'insecure-loopback' };

export interface ConnectOptions<Definition extends RpcDefinitions> {
  readonly definition: Definition;
  /** `host:port`, or a grpc-js target such as `dns:///session.gatehouse.svc:7102`, over whose addresses calls are spread. */
  readonly address: string;
  readonly transport: ClientTransport;
  /** Deadline of a call whose context sets none. Milliseconds. */
  readonly defaultDeadlineMs?: number;
  readonly maxResponseBytes?: number;
}

/** What a client may add to one call. */
export interface ClientCallContext extends CallContext {
  /** Further metadata, such as `x-request-id`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The same for each repetition of a call that is to be carried out once. 1 to 64 visible ASCII characters. */
  readonly idempotencyKey?: string | undefined;
}

/**
 * A typed client. Each RPC rejects with a Failure, or a PeerError when the peer failed in a way it does not tell. One that
 * streams is asked with one request or with many, and answers with what can be iterated once; it has a deadline only if its
 * context sets one.
 */
export type Client<Definition extends RpcDefinitions> = {
  readonly [Rpc in keyof Definition]: ClientRpc<Definition[Rpc]>;
} & { readonly close: () => void };

type ClientRpc<Rpc extends RpcDefinition> = Rpc['responseStream'] extends true
  ? (
      request: Rpc['requestStream'] extends true ? Requests<RequestOf<Rpc>> : RequestOf<Rpc>,
      context?: ClientCallContext,
    ) => AsyncIterable<ResponseOf<Rpc>>
  : (request: RequestOf<Rpc>, context?: ClientCallContext) => Promise<ResponseOf<Rpc>>;

const DEFAULT_DEADLINE_MS = 5_000;
/** Kept back from the caller's deadline, so that a peer's timeout can still be told as an error of ours. */
export const DEADLINE_MARGIN_MS = 20;
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;
const KEEPALIVE_TIME_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
const RETRY_ATTEMPTS_MAX = 3;
const RECONNECT_BACKOFF_MS = 100;
const RECONNECT_BACKOFF_MS_MAX = 2_000;

/** Opens a channel to a service. The connection is made with the first call, and again whenever it is lost. */
export function connect<Definition extends RpcDefinitions>(options: ConnectOptions<Definition>): Client<Definition> {
  const { definition, address, transport } = options;
  const client = new GrpcClient(address, channelCredentials(transport), {
    'grpc.service_config': JSON.stringify(serviceConfig(Object.values(definition))),
    'grpc.max_receive_message_length': options.maxResponseBytes ?? MAX_RESPONSE_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_BACKOFF_MS,
    'grpc.max_reconnect_backoff_ms': RECONNECT_BACKOFF_MS_MAX,
    'grpc.enable_channelz': 0,
    // Channels of one process are not shared, so that closing one never closes another's connection.
    'grpc.use_local_subchannel_pool': 1,
    // The name that TLS asks for (SNI) may not be an address (RFC 6066, section 3); the peer's own name always will do.
    ...(transport.kind === 'mtls' ? { 'grpc.ssl_target_name_override': transport.serverName } : {}),
  });
  const defaultDeadlineMs = options.defaultDeadlineMs ?? DEFAULT_DEADLINE_MS;
  const calls = Object.entries(definition).map(([key, rpc]) => [
    key,
    rpc.responseStream ? streamed(client, rpc) : unary(client, rpc, defaultDeadlineMs),
  ]);
  return { ...Object.fromEntries(calls), close: () => client.close() };
}

function unary(client: GrpcClient, rpc: RpcDefinition, defaultDeadlineMs: number) {
  return (request: unknown, context: ClientCallContext = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const now = Date.now();
      const deadline =
        context.deadlineMs === undefined ? now + defaultDeadlineMs : context.deadlineMs - DEADLINE_MARGIN_MS;
      if (deadline <= now) return reject(deadlineExceeded());
      if (context.signal?.aborted) return reject(aborted(context.signal));
      const call = client.makeUnaryRequest(
        rpc.path,
        rpc.requestSerialize,
        rpc.responseDeserialize,
        request,
        outgoing(context),
        { deadline },
        (error, response) => {
          context.signal?.removeEventListener('abort', cancel);
          if (!error) resolve(response);
          else reject(context.signal?.aborted ? aborted(context.signal) : fromServiceError(error, rpc.path));
        },
      );
      const cancel = () => call.cancel();
      context.signal?.addEventListener('abort', cancel);
    });
}

function streamed(client: GrpcClient, rpc: RpcDefinition) {
  return (request: unknown, context: ClientCallContext = {}): AsyncIterable<unknown> => {
    const requests = rpc.requestStream ? (request as Requests<unknown>) : [request];
    return streamCall(client, rpc, requests, { ...context, outgoing: outgoing(context) });
  };
}

function aborted(signal: AbortSignal): unknown {
  return signal.reason instanceof Failure
    ? signal.reason
    : new Failure('cancelled', 'CANCELLED', 'The call was cancelled.');
}

function outgoing({ requestId, trace, sessionToken, idempotencyKey, metadata = {} }: ClientCallContext): Metadata {
  const headers = new Metadata();
  if (requestId) headers.set('x-request-id', requestId);
  if (trace) headers.set('traceparent', toTraceparent(trace));
  if (sessionToken) headers.set('authorization', `Bearer ${sessionToken}`);
  if (idempotencyKey !== undefined) headers.set(IDEMPOTENCY_KEY, idempotencyKey);
  for (const [key, value] of Object.entries(metadata)) headers.set(key, value);
  return headers;
}

function channelCredentials(transport: ClientTransport): ChannelCredentials {
  if (transport.kind === 'insecure-loopback') return credentials.createInsecure();
  const { certificates, trustDomain, serverName } = transport;
  return experimental.createCertificateProviderChannelCredentials(certificates.provider, certificates.provider, {
    // Peers are known by their SPIFFE id; the address that they were reached at proves nothing.
    checkServerIdentity: (_host, certificate) => {
      try {
        const { name } = certifiedPeer(certificate.raw, trustDomain);
        return name === serverName ? undefined : new Error(`The server is ${name}, not ${serverName}.`);
      } catch (error) {
        return error instanceof Error ? error : new Error('The server is not known.');
      }
    },
  });
}

/** Calls are spread over all addresses; those that may be repeated are, when a server does not answer. */
function serviceConfig(rpcs: readonly RpcDefinition[]): object {
  const image = descriptorImage();
  const names = rpcs
    .map(({ path }) => image.method(path))
    .filter((method) => idempotencyLevelOf(method) !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN)
    .map((method) => ({ service: method.parent.typeName, method: method.name }));
  return {
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig:
      names.length === 0
        ? []
        : [
            {
              name: names,
              retryPolicy: {
                maxAttempts: RETRY_ATTEMPTS_MAX,
                initialBackoff: '0.05s',
                maxBackoff: '0.5s',
                backoffMultiplier: 2,
                retryableStatusCodes: ['UNAVAILABLE'],
              },
            },
          ],
    retryThrottling: { maxTokens: 100, tokenRatio: 0.1 },
  };
}
