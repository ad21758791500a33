import { X509Certificate } from 'node:crypto';
import { Failure } from '@gatehouse/failure';

/** Who is at the other end of a connection. */
export interface Peer {
  /** Path of its SPIFFE id without the leading slash: `identity`, `app/orders`, `edge/envoy`, `operator/alice`. */
  readonly name: string;
  /** Its IP address; empty when the transport has none. */
  readonly address: string;
}

/** Longest SPIFFE id (SPIFFE-ID, section 2.3). */
const SPIFFE_ID_BYTES_MAX = 2048;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

/**
 * The peer's name from a certificate, DER-encoded: the path of its SPIFFE id (X.509-SVID, section 2). The certificate
 * must hold exactly one URI, in the given trust domain. Throws Failure `denied` PEER_NOT_ALLOWED otherwise.
 */
export function peerName(certificate: Uint8Array, trustDomain: string): string {
  const uris = uriNames(new X509Certificate(certificate).subjectAltName ?? '');
  const [uri] = uris;
  if (uri === undefined || uris.length !== 1 || uri.length > SPIFFE_ID_BYTES_MAX) {
    throw refused('Its certificate must hold exactly one SPIFFE id.');
  }
  const prefix = `spiffe://${trustDomain}/`;
  if (!uri.startsWith(prefix)) throw refused('Its SPIFFE id is not of this trust domain.');
  const name = uri.slice(prefix.length);
  if (!name.split('/').every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..')) {
    throw refused('Its SPIFFE id is not well formed.');
  }
  return name;
}

/** Whether a peer is meant by one of the patterns: a whole name, or a class such as `app/*`, or `*` for everyone. */
export function matchesPeer(name: string, patterns: readonly string[]): boolean {
  for (const pattern of patterns) {
    if (pattern === name || pattern === '*') return true;
    if (pattern.endsWith('/*') && name.startsWith(pattern.slice(0, -1))) return true;
  }
  return false;
}

function uriNames(subjectAltName: string): string[] {
  // Node quotes a name as a JSON string when it holds a character that could forge a separator.
  const names = subjectAltName.match(/[A-Za-z ]+:(?:"(?:[^"\\]|\\.)*"|[^,]*)/g) ?? [];
  return names.flatMap((name) => {
    const trimmed = name.trim();
    return trimmed.startsWith('URI:') ? [trimmed.slice(4)] : [];
  });
}

function refused(why: string): Failure {
  return new Failure('denied', 'PEER_NOT_ALLOWED', `The peer may not call. ${why}`);
}
