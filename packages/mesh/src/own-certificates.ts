import { ConfigError, type Logger, type Registry } from '@gatehouse/process';
import { type CertificateSource, certificateSource } from '@gatehouse/rpc';
import type { RuntimeConfig } from './runtime.ts';

type CertificateConfig = Pick<
  RuntimeConfig,
  'GATEHOUSE_TLS_CA' | 'GATEHOUSE_TLS_CERT' | 'GATEHOUSE_TLS_KEY' | 'GATEHOUSE_TRUST_DOMAIN'
>;

/** A service whose certificate nobody would accept, or that is another's, does not start. Throws ConfigError. */
export function ownCertificates(
  name: string,
  config: CertificateConfig,
  tellTo: { readonly logger: Logger; readonly registry: Registry },
): CertificateSource {
  const { GATEHOUSE_TLS_CA: ca, GATEHOUSE_TLS_CERT: cert, GATEHOUSE_TLS_KEY: key } = config;
  try {
    return certificateSource({
      ca,
      cert,
      key,
      identity: { trustDomain: config.GATEHOUSE_TRUST_DOMAIN, name },
      ...tellTo,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const wrong = `can't be used: ${why.replace(/\.$/, '')}`;
    const expected = "the service's own certificate, in force, with its key in GATEHOUSE_TLS_KEY";
    throw new ConfigError([{ variable: 'GATEHOUSE_TLS_CERT', wrong, expected }]);
  }
}
