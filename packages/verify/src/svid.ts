import { X509Certificate } from 'node:crypto';
import { readExtensions } from './certificate-extensions.ts';
import { type DerValue, derChildren, derValue } from './der.ts';

/** Whom a certificate names, and for how long (X.509-SVID, https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md). */
export interface Svid {
  readonly trustDomain: string;
  /** Path of the SPIFFE id without its first slash: `session`, `app/orders`. */
  readonly name: string;
  /** First millisecond at which it is good, and the last. Unix time. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** The certificate names nobody who could be known by it. The sentence says why, and repeats nothing of it. */
export class SvidError extends Error {
  override readonly name = 'SvidError';
}

/** Object identifiers of RFC 5280, section 4.2.1, by their content octets in hexadecimal. */
const KEY_USAGE = '551d0f';
const SUBJECT_ALT_NAME = '551d11';
const BASIC_CONSTRAINTS = '551d13';

/** Tags of DER: a truth value, and among general names a URI, which is context-specific, number 6. */
const BOOLEAN = 0x01;
const URI = 0x86;

/** The first byte of a KeyUsage, whose bits are counted from the left. */
const DIGITAL_SIGNATURE = 0b1000_0000;
const KEY_CERT_SIGN = 0b0000_0100;
const CRL_SIGN = 0b0000_0010;

/** Longest SPIFFE id, and trust domain (SPIFFE-ID, sections 2.1 and 2.3). Bytes. */
const ID_BYTES_MAX = 2048;
const TRUST_DOMAIN_BYTES_MAX = 255;
const ID = /^spiffe:\/\/([a-z0-9._-]+)\/([A-Za-z0-9._/-]+)$/;

/**
 * Reads the certificate (DER) of somebody who is to be known by it: a leaf, which may sign and may not certify, with exactly
 * one URI, which is a SPIFFE id with a path (sections 2, 3.1, 4.1, 4.3 and 5.2). Whoever calls has seen to it that its
 * chain ends in an authority that is trusted, and compares the time. Throws SvidError.
 */
export function readSvid(certificate: Uint8Array): Svid {
  const parsed = parse(certificate);
  const extensions = readable(() => readExtensions(parsed.raw));
  // What Node calls `ca` is false where the key may not sign certificates, whatever the certificate says.
  const constraints = readable(() => membersOf(extensions.get(BASIC_CONSTRAINTS)));
  if (constraints.some(({ tag, content }) => tag === BOOLEAN && content.some((byte) => byte !== 0))) {
    throw new SvidError('The certificate is that of an authority.');
  }
  checkKeyUsage(extensions.get(KEY_USAGE));
  const [uri, ...more] = readable(() => uriNames(extensions.get(SUBJECT_ALT_NAME)));
  if (uri === undefined || more.length > 0) throw new SvidError('The certificate must hold exactly one SPIFFE id.');
  const notBeforeMs = Date.parse(parsed.validFrom);
  const notAfterMs = Date.parse(parsed.validTo);
  if (Number.isNaN(notBeforeMs) || Number.isNaN(notAfterMs))
    throw new SvidError('The times of the certificate are none.');
  return { ...readId(uri), notBeforeMs, notAfterMs };
}

function readId(uri: string): { readonly trustDomain: string; readonly name: string } {
  const [, trustDomain = '', name = ''] = (uri.length <= ID_BYTES_MAX ? ID.exec(uri) : null) ?? [];
  const isWhole = name !== '' && name.split('/').every((segment) => !['', '.', '..'].includes(segment));
  if (!isWhole || trustDomain.length > TRUST_DOMAIN_BYTES_MAX) {
    throw new SvidError('The URI of the certificate is not a SPIFFE id with a path.');
  }
  return { trustDomain, name };
}

function checkKeyUsage(value: DerValue | undefined): void {
  // A bit string: how many bits of its last byte are not used, and then the bytes.
  const usage = value === undefined ? 0 : readable(() => derValue(value.content).content[1] ?? 0);
  if ((usage & DIGITAL_SIGNATURE) === 0) throw new SvidError('The key of the certificate is not for signatures.');
  if ((usage & (KEY_CERT_SIGN | CRL_SIGN)) !== 0)
    throw new SvidError('The key of the certificate is that of an authority.');
}

function uriNames(value: DerValue | undefined): string[] {
  const names = membersOf(value).filter(({ tag }) => tag === URI);
  return names.map(({ content }) => Buffer.from(content).toString('latin1'));
}

/** What the sequence holds that an extension is. */
function membersOf(value: DerValue | undefined): DerValue[] {
  return value === undefined ? [] : derChildren(derValue(value.content).content);
}

function parse(certificate: Uint8Array): X509Certificate {
  return readable(() => new X509Certificate(certificate));
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new SvidError('The certificate can not be read.', { cause });
  }
}
