import { X509Certificate } from 'node:crypto';

/** From when to when a chain of certificates is good. Unix milliseconds. */
export interface CertificateLife {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** Renewal is due when two thirds of a life are over: cert-manager and SPIRE renew by then, so that who has less is late. */
const LEFT_MIN = 1 / 3;

/** The life of a chain in PEM: it begins with its last certificate to begin, and ends with the first to end. Throws. */
export function certificateLife(pem: string): CertificateLife {
  const chain = (pem.match(CERTIFICATE) ?? []).map((each) => new X509Certificate(each));
  if (chain.length === 0) throw new Error('There is no certificate in PEM.');
  return {
    notBeforeMs: Math.max(...chain.map(({ validFrom }) => Date.parse(validFrom))),
    notAfterMs: Math.min(...chain.map(({ validTo }) => Date.parse(validTo))),
  };
}

/** Why a certificate is not good at that time; undefined when it is. */
export function lifeProblem({ notBeforeMs, notAfterMs }: CertificateLife, nowMs: number): string | undefined {
  if (nowMs < notBeforeMs) return `The certificate is not good before ${new Date(notBeforeMs).toISOString()}.`;
  return nowMs <= notAfterMs ? undefined : `The certificate has ended, at ${new Date(notAfterMs).toISOString()}.`;
}

/** What is to be told of a certificate whose end is near, or over; undefined as long as a third of its life is left. */
export function lifeWarning(life: CertificateLife, nowMs: number): string | undefined {
  const { notBeforeMs, notAfterMs } = life;
  if (notAfterMs - nowMs >= (notAfterMs - notBeforeMs) * LEFT_MIN) return undefined;
  const ends = `The certificate ends at ${new Date(notAfterMs).toISOString()}, and was not replaced in time.`;
  return lifeProblem(life, nowMs) ?? ends;
}
