import { X509Certificate } from 'node:crypto';

/** Longest SPIFFE id (SPIFFE-ID, section 2.3). */
const SPIFFE_ID_CHARACTERS_MAX = 2048;

/**
 * Why a server is not the one that is meant, or undefined when it is: its certificate (DER) must hold exactly one URI, and
 * that must be `spiffe://<trust domain>/<name>` (X.509-SVID, section 2). The address that it was reached at proves nothing.
 */
export function identityProblem(certificate: Uint8Array, trustDomain: string, name: string): Error | undefined {
  const wanted = `spiffe://${trustDomain}/${name}`;
  const uris = uriNames(new X509Certificate(certificate).subjectAltName ?? '');
  const [uri] = uris;
  if (uri === undefined || uris.length > 1 || uri.length > SPIFFE_ID_CHARACTERS_MAX) {
    return new Error('The certificate of the server must hold exactly one SPIFFE id.');
  }
  return uri === wanted ? undefined : new Error(`The server is ${uri}, not ${wanted}.`);
}

function uriNames(subjectAltName: string): string[] {
  // Node quotes a name as a JSON string when it holds a character that could forge a separator.
  const names = subjectAltName.match(/[A-Za-z ]+:(?:"(?:[^"\\]|\\.)*"|[^,]*)/g) ?? [];
  return names.map((name) => name.trim()).flatMap((name) => (name.startsWith('URI:') ? [name.slice(4)] : []));
}
