import type { SecureContextOptions } from 'node:tls';
import type { CertificateSource } from '@gatehouse/rpc';

/** The certificates of a server, and the end of listening for new ones. */
export interface FollowedCertificates {
  readonly first: Promise<SecureContextOptions>;
  stop(): void;
}

const OLDEST_TLS = 'TLSv1.2';

/** Passes on the certificates of a source: the first ones, and to `replace` whatever takes their place. */
export function followCertificates(
  { provider }: CertificateSource,
  replace: (context: SecureContextOptions) => void,
): FollowedCertificates {
  let context: SecureContextOptions = { minVersion: OLDEST_TLS };
  let used = false;
  let resolveFirst: (context: SecureContextOptions) => void;
  const first = new Promise<SecureContextOptions>((resolve) => {
    resolveFirst = resolve;
  });
  const update = (change: SecureContextOptions) => {
    context = { ...context, ...change };
    if (used) return replace(context);
    used = context.ca !== undefined && context.cert !== undefined;
    if (used) resolveFirst(context);
  };
  const onCa: Parameters<typeof provider.addCaCertificateListener>[0] = (news) => {
    if (news) update({ ca: news.caCertificate });
  };
  const onIdentity: Parameters<typeof provider.addIdentityCertificateListener>[0] = (news) => {
    if (news) update({ cert: news.certificate, key: news.privateKey });
  };
  provider.addCaCertificateListener(onCa);
  provider.addIdentityCertificateListener(onIdentity);
  return {
    first,
    stop() {
      provider.removeCaCertificateListener(onCa);
      provider.removeIdentityCertificateListener(onIdentity);
    },
  };
}
