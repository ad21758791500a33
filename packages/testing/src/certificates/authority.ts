import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LeafOptions, makeAuthorityCertificate, makeLeafCertificate } from './certificate.ts';
import { replaceFile } from './replace-file.ts';

/** How long an authority lasts. */
const AUTHORITY_DAYS = 365;
/** How long a certificate lasts unless it is asked for otherwise. */
const LEAF_DAYS = 30;
/** An authority with less than this left is replaced. */
const LEAST_DAYS_LEFT = 60;
const DAY_MS = 24 * 60 * 60 * 1000;
/** What a peer may be called: path segments, as in `session` or `app/orders`. */
const PEER_NAME = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/;

/** Paths of PEM files: the authority's certificate, and one peer's certificate and private key. */
export interface CertificateFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A private certificate authority for development and tests. */
export interface Authority {
  readonly trustDomain: string;
  /** Path of its certificate. */
  readonly ca: string;
  /**
   * Issues a certificate for the peer of that name (`session`, `app/orders`), for both ends of a connection, and writes
   * its files, replacing older ones. `days` (default 30) may be negative: the certificate has then expired. `hosts` are
   * DNS names or IP addresses besides localhost, 127.0.0.1 and ::1.
   */
  issue(name: string, options?: IssueOptions): Promise<CertificateFiles>;
  /** As `issue`, without waiting. */
  issueSync(name: string, options?: IssueOptions): CertificateFiles;
}

/** What a certificate says besides the name; with the last three it is one that nobody should accept. */
export interface IssueOptions extends Pick<LeafOptions, 'uris' | 'isAuthority' | 'keyUsage'> {
  readonly days?: number;
  readonly hosts?: readonly string[];
}

/** Makes a certificate authority in a folder, or takes up the one of the same trust domain that is there. */
export async function createAuthority(options: { directory: string; trustDomain: string }): Promise<Authority> {
  const { directory, trustDomain } = options;
  const files = { ca: join(directory, 'ca.pem'), key: join(directory, 'ca.key') };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!isUsable(files, trustDomain)) {
    const made = makeAuthorityCertificate(trustDomain, AUTHORITY_DAYS * DAY_MS);
    replaceFile(files.key, made.key, 0o600);
    replaceFile(files.ca, made.certificate, 0o644);
  }
  const authorityKey = createPrivateKey(readFileSync(files.key));
  const issueSync: Authority['issueSync'] = (name, { days = LEAF_DAYS, hosts = [], ...more } = {}) => {
    if (!PEER_NAME.test(name) || name === 'ca') throw new Error(`A peer can't be called ${name}.`);
    const made = makeLeafCertificate(authorityKey, { trustDomain, name, lifetimeMs: days * DAY_MS, hosts, ...more });
    const stem = join(directory, name.replaceAll('/', '-'));
    // The key first: whoever reloads on a new certificate then finds its key in place.
    replaceFile(`${stem}.key`, made.key, 0o600);
    replaceFile(`${stem}.pem`, made.certificate, 0o644);
    return { ca: files.ca, cert: `${stem}.pem`, key: `${stem}.key` };
  };
  return { trustDomain, ca: files.ca, issueSync, issue: async (name, options) => issueSync(name, options) };
}

function isUsable(files: { ca: string; key: string }, trustDomain: string): boolean {
  if (!existsSync(files.ca) || !existsSync(files.key)) return false;
  const certificate = read(() => new X509Certificate(readFileSync(files.ca)));
  const key = read<KeyObject>(() => createPrivateKey(readFileSync(files.key)));
  if (certificate === undefined || key === undefined) return false;
  const leftMs = Date.parse(certificate.validTo) - Date.now();
  return (
    certificate.subjectAltName === `URI:spiffe://${trustDomain}` &&
    certificate.checkPrivateKey(key) &&
    leftMs > LEAST_DAYS_LEFT * DAY_MS
  );
}

/** A file that was cut short counts as one that is not there. */
function read<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
