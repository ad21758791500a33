import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Logger } from '@gatehouse/process';
import type { experimental } from '@grpc/grpc-js';

/** Paths of PEM files. */
export interface CertificateFiles {
  /** Authorities to trust. */
  readonly ca: string;
  /** The own certificate, with its intermediates behind it. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateSourceOptions extends CertificateFiles {
  readonly logger: Logger;
  /** How often the files are looked at. Milliseconds. */
  readonly refreshMs?: number;
}

/** Certificates from files that may be replaced at any time. */
export interface CertificateSource {
  /** What grpc-js asks for certificates. */
  readonly provider: experimental.CertificateProvider;
  /** Looks at the files now; true when a new set is in use. */
  refresh(): boolean;
  stop(): void;
}

interface Bundle {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
}

const REFRESH_MS = 10_000;

/**
 * Reads certificates at once and again every `refreshMs`. A set that cannot be read, that does not parse, or whose key
 * is not the certificate's is logged and left alone: the last good one stays in use. So a rotation may write its files
 * one after the other. Throws when the first set is not good.
 */
export function certificateSource({
  logger,
  refreshMs = REFRESH_MS,
  ...files
}: CertificateSourceOptions): CertificateSource {
  let current = readBundle(files);
  let refused = '';
  const caListeners = new Set<experimental.CaCertificateUpdateListener>();
  const identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  const refresh = () => {
    let next: Bundle;
    try {
      next = readBundle(files);
      refused = '';
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== refused)
        logger.error({ cert: files.cert, why }, 'certificates not usable; the last good ones stay in use');
      refused = why;
      return false;
    }
    if (sameBundle(next, current)) return false;
    current = next;
    logger.info({ cert: files.cert }, 'certificates reloaded');
    for (const listener of caListeners) listener({ caCertificate: current.ca });
    for (const listener of identityListeners) listener(current);
    return true;
  };
  const timer = setInterval(refresh, refreshMs);
  timer.unref();
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

function readBundle({ ca, cert, key }: CertificateFiles): Bundle {
  const bundle = { ca: readFileSync(ca), certificate: readFileSync(cert), privateKey: readFileSync(key) };
  new X509Certificate(bundle.ca);
  if (!new X509Certificate(bundle.certificate).checkPrivateKey(createPrivateKey(bundle.privateKey))) {
    throw new Error('The private key is not that of the certificate.');
  }
  return bundle;
}

function sameBundle(a: Bundle, b: Bundle): boolean {
  return a.ca.equals(b.ca) && a.certificate.equals(b.certificate) && a.privateKey.equals(b.privateKey);
}
