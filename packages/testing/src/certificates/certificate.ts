import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import * as der from './der.ts';

/** Certificates are valid from a little in the past, for machines whose clocks disagree. */
const CLOCK_SKEW_MS = 5 * 60 * 1000;
const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];
const SERIAL_BYTES = 16;
const KEY_IDENTIFIER_BYTES = 20;
const LINE_CHARACTERS = 64;

/** Object identifiers of RFC 5280 and RFC 5758. */
const oid = {
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const;

/** The bits of KeyUsage, counted from the left, and how many of the byte are not used. */
const KEY_USAGE = {
  signCertificates: { bits: 0b0000_0110, unused: 1 },
  digitalSignature: { bits: 0b1000_0000, unused: 7 },
  keyEncipherment: { bits: 0b0010_0000, unused: 5 },
  signsAndCertifies: { bits: 0b1000_0100, unused: 2 },
  signsAndRevokes: { bits: 0b1000_0010, unused: 1 },
} as const;

/** What a key may do, as a certificate says; `none` where it does not say. */
export type KeyUsage = keyof typeof KEY_USAGE | 'none';

/** A certificate and its private key, both in PEM. */
export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

/** A self-signed certificate that may only sign others, named by the URI of its trust domain. */
export function makeAuthorityCertificate(trustDomain: string, lifetimeMs: number): PemPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = authorityName(trustDomain);
  const extensions = [
    extension(oid.basicConstraints, der.sequence(der.boolean(true), der.integer(Buffer.from([0]))), 'critical'),
    keyUsage(KEY_USAGE.signCertificates),
    extension(oid.subjectKeyIdentifier, der.octetString(keyIdentifier(publicKey))),
    extension(oid.subjectAltName, der.sequence(uriName(`spiffe://${trustDomain}`))),
  ];
  const certificate = certify({
    subject: name,
    issuer: name,
    publicKey,
    signingKey: privateKey,
    lifetimeMs,
    extensions,
  });
  return { certificate, key: exportKey(privateKey) };
}

export interface LeafOptions {
  readonly trustDomain: string;
  readonly name: string;
  readonly lifetimeMs: number;
  readonly hosts: readonly string[];
  /** URIs in place of the SPIFFE id of the peer. */
  readonly uris?: readonly string[];
  /** Whether it says that it is an authority's, which that of a peer must not. */
  readonly isAuthority?: boolean;
  readonly keyUsage?: KeyUsage;
}

/** A certificate for one peer, good for both ends of a connection, named by its SPIFFE URI. */
export function makeLeafCertificate(authorityKey: KeyObject, options: LeafOptions): PemPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { uris = [`spiffe://${options.trustDomain}/${options.name}`], keyUsage: usage = 'digitalSignature' } = options;
  const names = [...uris.map(uriName), ...Array.from(new Set([...LOCAL_NAMES, ...options.hosts]), hostName)];
  const purposes = [oid.serverAuth, oid.clientAuth].map(der.objectIdentifier);
  const issuerIdentifier = der.contextual(0, keyIdentifier(createPublicKey(authorityKey)), 'bytes');
  const certificate = certify({
    subject: nameOf(options.name),
    issuer: authorityName(options.trustDomain),
    publicKey,
    signingKey: authorityKey,
    lifetimeMs: options.lifetimeMs,
    extensions: [
      extension(oid.basicConstraints, der.sequence(...(options.isAuthority ? [der.boolean(true)] : [])), 'critical'),
      ...(usage === 'none' ? [] : [keyUsage(KEY_USAGE[usage])]),
      extension(oid.extendedKeyUsage, der.sequence(...purposes)),
      extension(oid.subjectKeyIdentifier, der.octetString(keyIdentifier(publicKey))),
      extension(oid.authorityKeyIdentifier, der.sequence(issuerIdentifier)),
      extension(oid.subjectAltName, der.sequence(...names)),
    ],
  });
  return { certificate, key: exportKey(privateKey) };
}

interface Certification {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  /** Negative for a certificate that has already expired. */
  readonly lifetimeMs: number;
  readonly extensions: readonly Buffer[];
}

/** Puts a version 3 certificate together and signs it (RFC 5280, 4.1). */
function certify({ subject, issuer, publicKey, signingKey, lifetimeMs, extensions }: Certification): string {
  const nowMs = Date.now();
  const notAfterMs = nowMs + lifetimeMs;
  const notBeforeMs = Math.min(nowMs, notAfterMs) - CLOCK_SKEW_MS;
  const algorithm = der.sequence(der.objectIdentifier(oid.ecdsaWithSha256));
  const content = der.sequence(
    der.contextual(0, der.integer(Buffer.from([2])), 'constructed'),
    der.integer(newSerial()),
    algorithm,
    issuer,
    der.sequence(der.time(new Date(notBeforeMs)), der.time(new Date(notAfterMs))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.contextual(3, der.sequence(...extensions), 'constructed'),
  );
  const signature = sign('sha256', content, { key: signingKey, dsaEncoding: 'der' });
  return pem('CERTIFICATE', der.sequence(content, algorithm, der.bitString(signature)));
}

function extension(id: string, value: Buffer, weight?: 'critical'): Buffer {
  const critical = weight === 'critical' ? [der.boolean(true)] : [];
  return der.sequence(der.objectIdentifier(id), ...critical, der.octetString(value));
}

function keyUsage({ bits, unused }: { bits: number; unused: number }): Buffer {
  return extension(oid.keyUsage, der.bitString(Buffer.from([bits]), unused), 'critical');
}

function uriName(uri: string): Buffer {
  return der.contextual(6, Buffer.from(uri, 'latin1'), 'bytes');
}

function hostName(name: string): Buffer {
  if (isIP(name)) return der.contextual(7, der.ipBytes(name), 'bytes');
  return der.contextual(2, Buffer.from(name, 'latin1'), 'bytes');
}

function authorityName(trustDomain: string): Buffer {
  return nameOf(`Gatehouse authority of ${trustDomain}`);
}

function nameOf(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.objectIdentifier(oid.commonName), der.utf8String(commonName))));
}

/** The start of a hash of the key (RFC 7093, 2). */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const encoded = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(encoded).digest().subarray(0, KEY_IDENTIFIER_BYTES);
}

function newSerial(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES);
  // A serial number may not begin with a zero byte, nor look negative.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g')) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
