import type { ServerHttp2Session } from 'node:http2';
import { Failure } from '@gatehouse/failure';
import type { Clock } from '@gatehouse/process';
import { canonicalAddress } from '@gatehouse/verify';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { type CertifiedPeer, certifiedPeer, type Peer, peerRefused } from './peer.ts';
import type { ConnectionShare, UnfinishedRequests } from './unfinished-requests.ts';

/** What a call knows of its connection. */
export type ConnectedCall = Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext' | 'getPeer'>;

/** What is known of a connection whose peer is known. */
export interface Connection {
  readonly peer: Peer;
  /** For how long its certificate is still good; negative when it has ended, Infinity where there is none. Milliseconds. */
  leftMs(): number;
  /** What it has sent of requests that are not whole. */
  readonly unfinished: ConnectionShare;
}

/** How the connection of a call is found. Throws Failure `denied` PEER_NOT_ALLOWED where its peer is nobody. */
export type ConnectionResolver = (call: ConnectedCall) => Connection;

/**
 * Names peers by the certificate of their connection. A certificate is read once for each connection, because that costs
 * as much as a whole call; its end is looked at on each call: TLS does so in a full handshake only, and a connection that is
 * resumed has none, however often it is.
 */
export function certifiedConnections(
  trustDomain: string,
  clock: Clock,
  unfinished: UnfinishedRequests,
): ConnectionResolver {
  const known = new WeakMap<object, Connection | Failure>();
  const read = (call: ConnectedCall): Connection | Failure => {
    const certificate = call.getAuthContext()?.sslPeerCertificate?.raw;
    if (!certificate) return peerRefused('It has no certificate.');
    const certified = peerOrFailure(certificate, trustDomain);
    if (certified instanceof Failure) return certified;
    const { name, notAfterMs } = certified;
    return {
      peer: { name, address: addressOf(call.getPeer()) },
      leftMs: () => notAfterMs - clock.nowMs(),
      unfinished: unfinished.ofConnection(name),
    };
  };
  return (call) => {
    const session = sessionOf(call);
    const found = (session && known.get(session)) ?? read(call);
    if (session && !known.has(session)) {
      known.set(session, found);
      if (!(found instanceof Failure)) session.once('close', found.unfinished.closed);
    }
    if (found instanceof Failure) throw found;
    if (found.leftMs() < 0) {
      // So that a caller which has a new certificate comes back with it.
      session?.close();
      throw certificateEnded();
    }
    return found;
  };
}

/** The certificate of a peer was good, and is no more. */
export function certificateEnded(): Failure {
  return peerRefused('Its certificate has ended.');
}

/** Takes every caller for the same peer: for a server on loopback without TLS, as benchmarks run it. */
export function fixedConnection(name: string, unfinished: UnfinishedRequests): ConnectionResolver {
  const connection = {
    peer: { name, address: '127.0.0.1' },
    leftMs: () => Number.POSITIVE_INFINITY,
    unfinished: unfinished.ofConnection(name),
  };
  return () => connection;
}

function peerOrFailure(certificate: Uint8Array, trustDomain: string): CertifiedPeer | Failure {
  try {
    return certifiedPeer(certificate, trustDomain);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** The HTTP/2 session under a call, which grpc-js keeps to itself; undefined if a later version hides it elsewhere. */
function sessionOf(call: object): ServerHttp2Session | undefined {
  const inner: unknown = Reflect.get(call, 'call') ?? call;
  const stream: unknown = isObject(inner) ? Reflect.get(inner, 'stream') : undefined;
  const session: unknown = isObject(stream) ? Reflect.get(stream, 'session') : undefined;
  return isObject(session) ? (session as ServerHttp2Session) : undefined;
}

function addressOf(peer: string): string {
  // An address of IPv6 stands before its port without brackets.
  return canonicalAddress(peer.slice(0, Math.max(peer.lastIndexOf(':'), 0))) ?? '';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
