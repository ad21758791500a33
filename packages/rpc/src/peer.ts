import { Failure } from '@gatehouse/failure';
import { readSvid, type Svid, SvidError } from '@gatehouse/verify';

/** Who is at the other end of a connection. */
export interface Peer {
  /** Path of its SPIFFE id without the leading slash: `identity`, `app/orders`, `edge/envoy`, `operator/alice`. */
  readonly name: string;
  /** Its IP address; empty when the transport has none. */
  readonly address: string;
}

/** What a certificate says of its peer. */
export interface CertifiedPeer {
  readonly name: string;
  /** Last millisecond at which the certificate is good. Unix time. */
  readonly notAfterMs: number;
}

/** Longest name: behind "peer:" it is the actor of audit events, which has at most 128 characters. */
const PEER_NAME_LENGTH_MAX = 123;

/**
 * The peer that a certificate names, DER-encoded: a leaf with one SPIFFE id, in the given trust domain, whose name the audit
 * trail can hold. Throws Failure `denied` PEER_NOT_ALLOWED otherwise.
 */
export function certifiedPeer(certificate: Uint8Array, trustDomain: string): CertifiedPeer {
  const svid = svidOf(certificate);
  if (svid.trustDomain !== trustDomain) throw peerRefused('Its SPIFFE id is not of this trust domain.');
  if (svid.name.length > PEER_NAME_LENGTH_MAX) {
    throw peerRefused(`Its name has more than ${PEER_NAME_LENGTH_MAX} characters.`);
  }
  return { name: svid.name, notAfterMs: svid.notAfterMs };
}

function svidOf(certificate: Uint8Array): Svid {
  try {
    return readSvid(certificate);
  } catch (error) {
    throw error instanceof SvidError ? peerRefused(error.message) : error;
  }
}

/** The peer is nobody who could call here. */
export function peerRefused(why: string): Failure {
  return new Failure('denied', 'PEER_NOT_ALLOWED', `The peer may not call. ${why}`);
}

/** Whether a peer is meant by one of the patterns: a whole name, or a class such as `app/*`, or `*` for everyone. */
export function matchesPeer(name: string, patterns: readonly string[]): boolean {
  for (const pattern of patterns) {
    if (pattern === name || pattern === '*') return true;
    if (pattern.endsWith('/*') && name.startsWith(pattern.slice(0, -1))) return true;
  }
  return false;
}
