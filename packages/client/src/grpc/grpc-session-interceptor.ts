import { ErrorInfo, RetryInfo } from '@gatehouse/proto/google/rpc/error_details.ts';
import { Status } from '@gatehouse/proto/google/rpc/status.ts';
import { AUTHORIZATION_PROBLEMS, readAuthorization } from '@gatehouse/verify';
import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import { GatehouseError } from '../gatehouse-error.ts';
import { createJudge, type GuardOptions, type Refusal, type SessionsClient } from '../guard/judge-session.ts';
import { attachSession } from '../guard/session-of.ts';

export interface GrpcSessionOptions extends GuardOptions {
  /** Which RPCs need a session, by their path (`/package.Service/Method`); all but health and reflection when absent. */
  readonly appliesTo?: (path: string) => boolean;
}

const OPEN_TO_ALL = /^\/grpc\.(?:health|reflection)\./;
const DOMAIN = 'gatehouse';
const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';

/**
 * An interceptor for a grpc-js server that lets a call pass only with a good session, by its token in `authorization`
 * metadata (`Bearer ghs_…`); `sessionOf(call)` then has it. It answers UNAUTHENTICATED for a session that is missing or no
 * good and UNAVAILABLE when nobody can tell, each with google.rpc.ErrorInfo. A stream is judged once, when it begins.
 * Throws TypeError for options that contradict each other.
 */
export function grpcSessionInterceptor(client: SessionsClient, options: GrpcSessionOptions = {}): ServerInterceptor {
  const { appliesTo = (path) => !OPEN_TO_ALL.test(path) } = options;
  const judge = createJudge(client, options);
  return (method, call) => {
    if (!appliesTo(method.path)) return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, pass) {
            const act = (verdict: Awaited<ReturnType<typeof judge>>) => {
              if (verdict.outcome === 'refused') return refuse(call, verdict);
              if (verdict.outcome === 'session') attachSession(metadata, verdict.session);
              pass(metadata);
            };
            const verdict = judge(() => tokenOf(metadata));
            if (verdict instanceof Promise) void verdict.then(act);
            else act(verdict);
          },
        }),
    });
  };
}

function tokenOf(metadata: Metadata): string {
  const said = readAuthorization(metadata.get('authorization').map(String));
  if (said.kind === 'bearer') return said.token;
  // Credentials of another scheme are for the application, and no session of ours.
  const { reason, message } = AUTHORIZATION_PROBLEMS[said.kind === 'other-scheme' ? 'none' : said.kind];
  throw new GatehouseError('UNAUTHENTICATED', reason, message);
}

function refuse(call: ServerInterceptingCallInterface, { why, reason, message, retryAfterMs }: Refusal): void {
  const code = why === 'unavailable' ? status.UNAVAILABLE : status.UNAUTHENTICATED;
  const details = [pack('ErrorInfo', ErrorInfo.encode({ reason, domain: DOMAIN, metadata: {} }).finish())];
  if (why === 'unavailable') {
    const retryDelay = { seconds: BigInt(Math.floor(retryAfterMs / 1000)), nanos: (retryAfterMs % 1000) * 1e6 };
    details.push(pack('RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
  }
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode({ code, message, details }).finish()));
  call.sendStatus({ code, details: message, metadata });
}

function pack(type: string, bytes: Uint8Array): { typeUrl: string; value: Buffer } {
  return { typeUrl: TYPE_PREFIX + type, value: Buffer.from(bytes) };
}
