import type { ServerUnaryCall } from '@grpc/grpc-js';
import { type Peer, peerName } from './peer.ts';

/** What a call knows of its connection. */
export type ConnectedCall = Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext' | 'getPeer'>;

/** How the peer of a call is found. */
export type PeerResolver = (call: ConnectedCall) => Peer;

/**
 * Names peers by the certificate of their connection. A certificate is read once for each connection: reading it costs
 * as much as a whole call.
 */
export function certificatePeers(trustDomain: string): PeerResolver {
  const known = new WeakMap<object, Peer>();
  return (call) => {
    const connection = connectionOf(call);
    const peer = connection && known.get(connection);
    if (peer) return peer;
    const certificate = call.getAuthContext()?.sslPeerCertificate?.raw;
    const found = {
      name: certificate ? peerName(certificate, trustDomain) : '',
      address: addressOf(call.getPeer()),
    };
    if (connection) known.set(connection, found);
    return found;
  };
}

/** Takes every caller for the same peer: for a server on loopback without TLS, as benchmarks run it. */
export function fixedPeer(name: string): PeerResolver {
  const peer = { name, address: '127.0.0.1' };
  return () => peer;
}

/** The HTTP/2 session under a call, which grpc-js keeps to itself; undefined if a later version hides it elsewhere. */
function connectionOf(call: object): object | undefined {
  const inner: unknown = Reflect.get(call, 'call') ?? call;
  const stream: unknown = isObject(inner) ? Reflect.get(inner, 'stream') : undefined;
  const session: unknown = isObject(stream) ? Reflect.get(stream, 'session') : undefined;
  return isObject(session) ? session : undefined;
}

function addressOf(peer: string): string {
  const colon = peer.lastIndexOf(':');
  const host = (colon < 0 ? '' : peer.slice(0, colon)).replace(/^\[|\]$/g, '');
  return host.startsWith('::ffff:') ? host.slice(7) : host;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
