import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type CertificateLife, certificateLife, lifeWarning } from '@gatehouse/verify';
import type { experimental } from '@grpc/grpc-js';

/** Each is PEM text, or the path of a PEM file. */
export interface CertificateOptions {
  /** Authorities to trust. */
  readonly ca: string;
  /** The own certificate, with its intermediates behind it. */
  readonly cert: string;
  /** The private key of the own certificate. */
  readonly key: string;
  /** How often files are looked at; 10,000 when absent. Milliseconds. */
  readonly refreshMs?: number;
}

/** Certificates that may be replaced at any time. */
export interface Certificates {
  /** What grpc-js asks for them. */
  readonly provider: experimental.CertificateProvider;
  /** Looks at the files now; true when a new set is in use from now on. */
  refresh(): boolean;
  stop(): void;
}

const REFRESH_MS = 10_000;
/** How often it is told again that the own certificate is about to end. */
const WARNING_EVERY_MS = 60 * 60_000;

interface Bundle {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly life: CertificateLife;
}

/**
 * Reads certificates at once and, for where files are named, again every `refreshMs`. A set that can't be read or whose key
 * is not the certificate's is told to `onWarning`, once, and the last good one stays in use: so files may be replaced one
 * after the other. `onWarning` is also told, again every hour, when less than a third of the life of the own certificate is
 * left. Throws when the first set is not good.
 */
export function openCertificates(
  options: CertificateOptions,
  onWarning: (error: Error) => void,
  nowMs: () => number = Date.now,
): Certificates {
  const { refreshMs = REFRESH_MS } = options;
  let current = readBundle(options);
  let told = '';
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  const caListeners = new Set<experimental.CaCertificateUpdateListener>();
  const identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();

  const next = (): Bundle | undefined => {
    try {
      const bundle = readBundle(options);
      told = '';
      return bundle;
    } catch (cause) {
      const message = `Certificates are not usable, the last good ones stay in use: ${messageOf(cause)}`;
      if (message !== told) onWarning(new Error(message, { cause }));
      told = message;
      return undefined;
    }
  };
  const warn = () => {
    const why = lifeWarning(current.life, nowMs());
    if (why === undefined || nowMs() - warnedAtMs < WARNING_EVERY_MS) return;
    warnedAtMs = nowMs();
    onWarning(new Error(why));
  };
  const refresh = () => {
    const bundle = next();
    const isNew = bundle !== undefined && !sameBundle(bundle, current);
    if (isNew) {
      current = bundle;
      warnedAtMs = Number.NEGATIVE_INFINITY;
    }
    warn();
    if (!isNew) return false;
    for (const listener of caListeners) listener({ caCertificate: current.ca });
    for (const listener of identityListeners) listener(current);
    return true;
  };
  warn();
  const timer = setInterval(refresh, refreshMs).unref();
  return {
    refresh,
    stop: () => clearInterval(timer),
    provider: {
      addCaCertificateListener(listener) {
        caListeners.add(listener);
        soon(() => caListeners.has(listener) && listener({ caCertificate: current.ca }));
      },
      removeCaCertificateListener: (listener) => void caListeners.delete(listener),
      addIdentityCertificateListener(listener) {
        identityListeners.add(listener);
        soon(() => identityListeners.has(listener) && listener(current));
      },
      removeIdentityCertificateListener: (listener) => void identityListeners.delete(listener),
    },
  };
}

/** grpc-js begins to watch its credentials only after it has added its listener, and would miss a word said at once. */
function soon(tell: () => void): void {
  process.nextTick(tell);
}

function readBundle({ ca, cert, key }: CertificateOptions): Bundle {
  const files = { ca: readPem(ca), certificate: readPem(cert), privateKey: readPem(key) };
  new X509Certificate(files.ca);
  if (!new X509Certificate(files.certificate).checkPrivateKey(createPrivateKey(files.privateKey))) {
    throw new Error('The private key is not that of the certificate.');
  }
  return { ...files, life: certificateLife(files.certificate.toString('latin1')) };
}

function readPem(pemOrPath: string): Buffer {
  return isPem(pemOrPath) ? Buffer.from(pemOrPath) : readFileSync(pemOrPath);
}

function isPem(pemOrPath: string): boolean {
  return pemOrPath.includes('-----BEGIN ');
}

function sameBundle(a: Bundle, b: Bundle): boolean {
  return a.ca.equals(b.ca) && a.certificate.equals(b.certificate) && a.privateKey.equals(b.privateKey);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
