import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isFailure } from '@gatehouse/failure';
import { type Peer, peerName } from '@gatehouse/rpc';

/** Who is at the other end of a connection. */
export interface CallingPeer extends Peer {
  /** Whether a certificate says so; else anybody may be there. */
  readonly proven: boolean;
  /** When the connection was first used, by the monotonic clock. Milliseconds. */
  readonly sinceMs: number;
}

/** Finds the peer of a connection; undefined when its certificate names none. */
export type PeerOf = (socket: Socket) => CallingPeer | undefined;

const UNPROVEN = 'unproven';

/** Names peers by their certificates, read once for each connection; without a trust domain nobody has to have one. */
export function callingPeers(trustDomain: string | undefined): PeerOf {
  const known = new WeakMap<Socket, CallingPeer>();
  return (socket) => {
    const peer = known.get(socket);
    if (peer) return peer;
    const name = trustDomain === undefined ? UNPROVEN : certifiedName(socket, trustDomain);
    if (name === undefined) return undefined;
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const found = { name, address, proven: trustDomain !== undefined, sinceMs: performance.now() };
    known.set(socket, found);
    return found;
  };
}

function certifiedName(socket: Socket, trustDomain: string): string | undefined {
  const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate().raw : undefined;
  if (!certificate) return undefined;
  try {
    return peerName(certificate, trustDomain);
  } catch (error) {
    if (isFailure(error)) return undefined;
    throw error;
  }
}
