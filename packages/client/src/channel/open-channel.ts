import {
  type ClientDuplexStream,
  type ClientUnaryCall,
  Client as GrpcClient,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { GatehouseError } from '../gatehouse-error.ts';
import { type CertificateOptions, openCertificates } from './certificates.ts';
import { channelCredentials, serverNameOf } from './channel-credentials.ts';
import { abortedBy, outOfTime, toGatehouseError } from './error-details.ts';
import { RETRIES_MAX, serviceConfig } from './service-config.ts';
import { isLoopback, type ServerAddress, toTarget } from './target.ts';

/** How the client proves who it is, and learns who answers. */
export interface TlsOptions extends CertificateOptions {
  /** The server must be `spiffe://<trustDomain>/<serverName>`. */
  readonly trustDomain: string;
  /** Name of the session service in its certificate; `session` when absent. */
  readonly serverName?: string;
  /** The same of the authz service; `authz` when absent. */
  readonly authzServerName?: string;
}

export interface ChannelOptions {
  readonly service: 'session' | 'authz';
  readonly server: ServerAddress;
  /**
   * Certificates, or `plaintext-loopback` for a proxy on the same machine that does the TLS; any other address is then
   * refused.
   */
  readonly tls: TlsOptions | 'plaintext-loopback';
  readonly deadlineMs: number;
  readonly retries: number;
  readonly onWarning: (error: Error) => void;
}

/** What may be said with each call. */
export interface CallOptions {
  /** Gives the call up; it then rejects with CANCELLED, or DEADLINE_EXCEEDED if the signal was that of a timeout. */
  readonly signal?: AbortSignal;
  /**
   * How long the call may take, retries included: the default of the client when absent, at most 60,000. Milliseconds.
   * With no time left it rejects with DEADLINE_EXCEEDED at once.
   */
  readonly timeoutMs?: number;
  /** Session token of the end user for whom the call is made, where the RPC asks for one. */
  readonly actingToken?: string;
}

/** One RPC, as the generated code describes it. */
export interface Rpc<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** The connections to a service. */
export interface Channel {
  readonly deadlineMs: number;
  /** Rejects with GatehouseError. */
  call<Request, Response>(rpc: Rpc<Request, Response>, request: Request, options?: CallOptions): Promise<Response>;
  /** Opens a stream in both directions, with no deadline. */
  stream<Request, Response>(rpc: Rpc<Request, Response>): ClientDuplexStream<Request, Response>;
  /** Reads a stream of answers to its end. Rejects with GatehouseError, also when some were passed on already. */
  read<Request, Response>(
    rpc: Rpc<Request, Response>,
    request: Request,
    each: (response: Response) => void,
    options: { readonly timeoutMs: number },
  ): Promise<void>;
  /** Cancels what is under way and lets go of the connections. */
  close(): void;
}

const KEEPALIVE_TIME_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 3_000;
const RECONNECT_BACKOFF_MS = 100;
const RECONNECT_BACKOFF_MS_MAX = 2_000;
/** The grants of one user can be more than the 4 MiB that are usual. */
const RESPONSE_BYTES_MAX = 8 * 1024 * 1024;
/** Nobody waits longer for an answer. */
export const DEADLINE_MS_MAX = 60_000;
const HEADER_SAFE = /^[!-~]{1,256}$/;

/** Opens a channel. A connection is made with the first call, and again whenever it is lost. */
export function openChannel(options: ChannelOptions): Channel {
  const { service, server, tls, deadlineMs, retries, onWarning } = options;
  const serverName = serverNameOf(service, tls);
  if (!(deadlineMs >= 1 && deadlineMs <= DEADLINE_MS_MAX)) {
    throw new RangeError(`deadlineMs is between 1 and ${DEADLINE_MS_MAX}.`);
  }
  if (!(Number.isInteger(retries) && retries >= 0 && retries <= RETRIES_MAX)) {
    throw new RangeError(`retries is between 0 and ${RETRIES_MAX}.`);
  }
  if (tls === 'plaintext-loopback' && !isLoopback(server)) {
    throw new TypeError('Without TLS only a loopback address may be called.');
  }
  const target = toTarget(server);
  const certificates = tls === 'plaintext-loopback' ? undefined : openCertificates(tls, onWarning);
  const client = new GrpcClient(target, channelCredentials(tls, serverName, certificates), {
    'grpc.service_config': JSON.stringify(serviceConfig(retries)),
    'grpc.max_receive_message_length': RESPONSE_BYTES_MAX,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_BACKOFF_MS,
    'grpc.max_reconnect_backoff_ms': RECONNECT_BACKOFF_MS_MAX,
    'grpc.enable_channelz': 0,
    // Channels of one process are not shared, so that closing one never closes another's connection.
    'grpc.use_local_subchannel_pool': 1,
    // The name that TLS asks for (SNI) may not be an address (RFC 6066, section 3); the server's own name always will do.
    ...(tls === 'plaintext-loopback' ? {} : { 'grpc.ssl_target_name_override': serverName }),
  });
  const active = new Set<{ cancel(): void }>();
  let isClosed = false;

  return {
    deadlineMs,
    call(rpc, request, { signal, timeoutMs = deadlineMs, actingToken } = {}) {
      return new Promise((resolve, reject) => {
        if (isClosed) return reject(closedError());
        if (signal?.aborted) return reject(abortedBy(signal));
        if (!(timeoutMs > 0)) return reject(outOfTime());
        const call: ClientUnaryCall = client.makeUnaryRequest(
          rpc.path,
          rpc.requestSerialize,
          rpc.responseDeserialize,
          request,
          outgoing(actingToken),
          { deadline: Date.now() + Math.min(timeoutMs, DEADLINE_MS_MAX) },
          (error, response) => {
            active.delete(call);
            signal?.removeEventListener('abort', cancel);
            if (!error && response !== undefined) resolve(response);
            else if (signal?.aborted) reject(abortedBy(signal));
            else reject(isClosed || !error ? closedError() : toGatehouseError(error));
          },
        );
        const cancel = () => call.cancel();
        active.add(call);
        signal?.addEventListener('abort', cancel);
      });
    },
    stream: (rpc) =>
      client.makeBidiStreamRequest(rpc.path, rpc.requestSerialize, rpc.responseDeserialize, new Metadata()),
    read: (rpc, request, each, { timeoutMs }) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(closedError());
        const call = client.makeServerStreamRequest(
          rpc.path,
          rpc.requestSerialize,
          rpc.responseDeserialize,
          request,
          new Metadata(),
          { deadline: Date.now() + timeoutMs },
        );
        active.add(call);
        call.on('data', each);
        call.on('end', resolve);
        call.on('error', (error: ServiceError) => reject(isClosed ? closedError() : toGatehouseError(error)));
        call.on('close', () => active.delete(call));
      }),
    close() {
      isClosed = true;
      certificates?.stop();
      for (const call of active) call.cancel();
      client.close();
    },
  };
}

/** The answer to whoever calls, or still waits, after the client was closed. */
export function closedError(): GatehouseError {
  return new GatehouseError('CANCELLED', 'CLIENT_CLOSED', 'The client was closed.');
}

/** Throws what no header can carry: it was meant to be a token, so the message does not repeat it. */
function outgoing(actingToken: string | undefined): Metadata {
  const metadata = new Metadata();
  if (actingToken === undefined) return metadata;
  if (!HEADER_SAFE.test(actingToken)) {
    throw new GatehouseError('UNAUTHENTICATED', 'SESSION_TOKEN_INVALID', 'The session token is not valid.');
  }
  metadata.set('authorization', `Bearer ${actingToken}`);
  return metadata;
}
