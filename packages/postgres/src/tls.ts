import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import type { TlsSettings } from './url.ts';

/**
 * The options of a TLS connection to Postgres, or false where it is not encrypted. The files are read for each
 * connection, so that certificates can be replaced without a restart.
 */
export async function tlsOptions(settings: TlsSettings | undefined): Promise<ConnectionOptions | false> {
  if (settings === undefined) return false;
  const [ca, cert, key] = await Promise.all([
    read(settings.rootCertificatePath),
    read(settings.certificatePath),
    read(settings.keyPath),
  ]);
  return {
    rejectUnauthorized: settings.verify !== 'none',
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(settings.verify === 'authority' && { checkServerIdentity: () => undefined }),
  };
}

/** `system` stands for the authorities that Node trusts, as it does in psql. */
async function read(path: string | undefined): Promise<Buffer | undefined> {
  return path === undefined || path === 'system' ? undefined : await readFile(path);
}
