import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Clock, Gauge, type Logger, type Registry, systemClock } from '@gatehouse/process';
import { type CertificateLife, certificateLife, lifeProblem, lifeWarning, readSvid } from '@gatehouse/verify';
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
  /** Whom the own certificate must name: a service is never started under another's name. Anybody when absent. */
  readonly identity?: { readonly trustDomain: string; readonly name: string };
  readonly logger: Logger;
  /** Gets the end of the own certificate. */
  readonly registry?: Registry;
  readonly clock?: Clock;
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
  readonly life: CertificateLife;
}

const REFRESH_MS = 10_000;
/** How often an operator is told again that a certificate is about to end. */
const WARNING_EVERY_MS = 60 * 60_000;

/**
 * Reads certificates at once and again every `refreshMs`. A set that cannot be read, that does not parse, whose key is not
 * the certificate's, whose certificate names somebody else, or has ended or not begun, is logged and left alone: the last
 * good one stays in use. So a rotation may write its files one after the other. Of one that has less than a third of its
 * life left it warns. Throws when the first set is not good.
 */
export function certificateSource(options: CertificateSourceOptions): CertificateSource {
  const { cert, logger, registry, clock = systemClock, refreshMs = REFRESH_MS } = options;
  let current = readBundle(options, clock);
  let refused = '';
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  const caListeners = new Set<experimental.CaCertificateUpdateListener>();
  const identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  const warn = () => {
    const why = lifeWarning(current.life, clock.nowMs());
    if (why === undefined || clock.nowMs() - warnedAtMs < WARNING_EVERY_MS) return;
    warnedAtMs = clock.nowMs();
    logger.warn({ cert, why }, 'the certificate is about to end');
  };
  const next = (): Bundle | undefined => {
    try {
      const bundle = readBundle(options, clock);
      refused = '';
      return bundle;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== refused) logger.error({ cert, why }, 'certificates not usable; the last good ones stay in use');
      refused = why;
      return undefined;
    }
  };
  const refresh = () => {
    const bundle = next();
    const isNew = bundle !== undefined && !sameBundle(bundle, current);
    if (isNew) {
      current = bundle;
      warnedAtMs = Number.NEGATIVE_INFINITY;
      logger.info({ cert }, 'certificates reloaded');
    }
    warn();
    if (!isNew) return false;
    for (const listener of caListeners) listener({ caCertificate: current.ca });
    for (const listener of identityListeners) listener(current);
    return true;
  };
  if (registry) tellEnd(registry, () => current.life.notAfterMs);
  warn();
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

function tellEnd(registry: Registry, endMs: () => number): void {
  new Gauge({
    name: 'gatehouse_certificate_end_timestamp_seconds',
    help: 'When the own certificate, or the first of its chain, ends. Unix time.',
    registers: [registry],
    collect() {
      this.set(endMs() / 1000);
    },
  });
}

/** grpc-js begins to watch its credentials only after it has added its listener, and would miss a word said at once. */
function soon(tell: () => void): void {
  process.nextTick(tell);
}

function readBundle({ ca, cert, key, identity }: CertificateSourceOptions, clock: Clock): Bundle {
  const [authorities, certificate, privateKey] = [readFileSync(ca), readFileSync(cert), readFileSync(key)];
  new X509Certificate(authorities);
  const own = new X509Certificate(certificate);
  if (!own.checkPrivateKey(createPrivateKey(privateKey))) {
    throw new Error('The private key is not that of the certificate.');
  }
  const life = certificateLife(certificate.toString('latin1'));
  const problem = lifeProblem(life, clock.nowMs());
  if (problem !== undefined) throw new Error(problem);
  if (identity) {
    const { trustDomain, name } = readSvid(own.raw);
    if (trustDomain !== identity.trustDomain || name !== identity.name) {
      const wanted = `spiffe://${identity.trustDomain}/${identity.name}`;
      throw new Error(`The certificate is that of spiffe://${trustDomain}/${name}, not of ${wanted}.`);
    }
  }
  return { ca: authorities, certificate, privateKey, life };
}

function sameBundle(a: Bundle, b: Bundle): boolean {
  return a.ca.equals(b.ca) && a.certificate.equals(b.certificate) && a.privateKey.equals(b.privateKey);
}
