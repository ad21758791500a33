import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isFailure } from '@gatehouse/failure';
import type { Clock } from '@gatehouse/process';
import {
  type CertifiedPeer,
  type ConnectionShare,
  certifiedPeer,
  type Peer,
  type UnfinishedRequests,
} from '@gatehouse/rpc';
import { canonicalAddress } from '@gatehouse/verify';

/** Who is at the other end of a connection. */
export interface CallingPeer extends Peer {
  /** Whether a certificate says so; else anybody may be there. */
  readonly proven: boolean;
  /** Until when that certificate is good. Unix milliseconds; Infinity where there is none. */
  readonly goodUntilMs: number;
  /** What it has sent of requests that are not whole. */
  readonly unfinished: ConnectionShare;
  /** When the connection was first used, by the monotonic clock. Milliseconds. */
  readonly sinceMs: number;
}

/** Finds the peer of a connection; undefined when its certificate names none, or has ended. */
export type PeerOf = (socket: Socket) => CallingPeer | undefined;

const UNPROVEN = { name: 'unproven', notAfterMs: Number.POSITIVE_INFINITY };

/**
 * Names peers by their certificates, read once for each connection; without a trust domain nobody has to have one. The end
 * of a certificate is looked at each time: TLS does so in a full handshake only, and not where a connection is resumed.
 */
export function callingPeers(trustDomain: string | undefined, clock: Clock, unfinished: UnfinishedRequests): PeerOf {
  const known = new WeakMap<Socket, CallingPeer>();
  return (socket) => {
    const peer = known.get(socket) ?? read(socket, trustDomain, unfinished);
    if (peer && !known.has(socket)) {
      known.set(socket, peer);
      socket.once('close', peer.unfinished.closed);
    }
    return peer && clock.nowMs() <= peer.goodUntilMs ? peer : undefined;
  };
}

function read(
  socket: Socket,
  trustDomain: string | undefined,
  unfinished: UnfinishedRequests,
): CallingPeer | undefined {
  const certified = trustDomain === undefined ? UNPROVEN : certifiedBy(socket, trustDomain);
  if (!certified) return undefined;
  const { name, notAfterMs: goodUntilMs } = certified;
  const address = canonicalAddress(socket.remoteAddress ?? '') ?? '';
  const isProven = trustDomain !== undefined;
  const share = unfinished.ofConnection(name);
  return { name, address, proven: isProven, goodUntilMs, unfinished: share, sinceMs: performance.now() };
}

function certifiedBy(socket: Socket, trustDomain: string): CertifiedPeer | undefined {
  const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate().raw : undefined;
  if (!certificate) return undefined;
  try {
    return certifiedPeer(certificate, trustDomain);
  } catch (error) {
    if (isFailure(error)) return undefined;
    throw error;
  }
}
