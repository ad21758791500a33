import { copyFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, type CertificateFiles, createAuthority } from './certificates/authority.ts';
import { testStores } from './test-stores.ts';

/**
 * The authority of this test run, writing its certificates into a folder of the caller's own, so that test files which
 * run at the same time don't replace each other's. The folder goes with the run.
 */
export async function testAuthority(): Promise<Authority> {
  const { authorityDirectory, trustDomain } = testStores();
  const directory = mkdtempSync(join(authorityDirectory, 'peers-'));
  for (const file of ['ca.pem', 'ca.key']) copyFileSync(join(authorityDirectory, file), join(directory, file));
  return createAuthority({ directory, trustDomain });
}

let shared: Promise<(peer: string) => CertificateFiles> | undefined;

/**
 * Answers what has the certificate of a peer, made once for this worker: to be used, never to be replaced. Who replaces
 * files, or wants a certificate that is special, has an authority of their own.
 */
export function peerCertificates(): Promise<(peer: string) => CertificateFiles> {
  shared ??= testAuthority().then((authority) => {
    const made = new Map<string, CertificateFiles>();
    return (peer) => {
      const files = made.get(peer) ?? authority.issueSync(peer);
      made.set(peer, files);
      return files;
    };
  });
  return shared;
}
