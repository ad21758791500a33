import {
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientUnaryCall,
  credentials,
  experimental,
  Client as GrpcClient,
  Metadata,
} from '@grpc/grpc-js';
import { GatehouseError } from '../gatehouse-error.ts';
import { type CertificateOptions, type Certificates, openCertificates } from './certificates.ts';
import { abortedBy, outOfTime, toGatehouseError } from './error-details.ts';
import { identityProblem } from './server-identity.ts';
import { RETRIES_MAX, serviceConfig } from './service-config.ts';
import { isLoopback, type ServerAddress, toTarget } from './target.ts';

/** How the client proves who it is, and learns who answers. */
export interface TlsOptions extends CertificateOptions {
  /** The server must be `spiffe://<trustDomain>/<serverName>`. */
  readonly trustDomain: string;
  /** `session` when absent. */
  readonly serverName?: string;
}

export interface ChannelOptions {
  readonly session: ServerAddress;
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

/** The connections to the session service. */
export interface Channel {
  readonly deadlineMs: number;
  /** Rejects with GatehouseError. */
  call<Request, Response>(rpc: Rpc<Request, Response>, request: Request, options?: CallOptions): Promise<Response>;
  /** Opens a stream in both directions, with no deadline. */
  stream<Request, Response>(rpc: Rpc<Request, Response>): ClientDuplexStream<Request, Response>;
  /** Cancels what is under way and lets go of the connections. */
  close(): void;
}

const KEEPALIVE_TIME_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 3_000;
const RECONNECT_BACKOFF_MS = 100;
const RECONNECT_BACKOFF_MS_MAX = 2_000;
const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;
/** Nobody waits longer for an answer. */
export const DEADLINE_MS_MAX = 60_000;
const SERVER_NAME = 'session';
const HEADER_SAFE = /^[!-~]{1,256}$/;

/** Opens a channel. A connection is made with the first call, and again whenever it is lost. */
export function openChannel(options: ChannelOptions): Channel {
  const { session, tls, deadlineMs, retries, onWarning } = options;
  if (!(deadlineMs >= 1 && deadlineMs <= DEADLINE_MS_MAX)) {
    throw new RangeError(`deadlineMs is between 1 and ${DEADLINE_MS_MAX}.`);
  }
  if (!(Number.isInteger(retries) && retries >= 0 && retries <= RETRIES_MAX)) {
    throw new RangeError(`retries is between 0 and ${RETRIES_MAX}.`);
  }
  if (tls === 'plaintext-loopback' && !isLoopback(session)) {
    throw new TypeError('Without TLS only a loopback address may be called.');
  }
  const target = toTarget(session);
  const certificates = tls === 'plaintext-loopback' ? undefined : openCertificates(tls, onWarning);
  const client = new GrpcClient(target, channelCredentials(tls, certificates), {
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
    ...(tls === 'plaintext-loopback' ? {} : { 'grpc.ssl_target_name_override': tls.serverName ?? SERVER_NAME }),
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

function channelCredentials(tls: ChannelOptions['tls'], certificates: Certificates | undefined): ChannelCredentials {
  if (tls === 'plaintext-loopback' || !certificates) return credentials.createInsecure();
  const { provider } = certificates;
  const { trustDomain, serverName = SERVER_NAME } = tls;
  return experimental.createCertificateProviderChannelCredentials(provider, provider, {
    checkServerIdentity: (_host, certificate) => identityProblem(certificate.raw, trustDomain, serverName),
  });
}
