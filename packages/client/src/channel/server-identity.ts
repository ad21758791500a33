import { readSvid } from '@gatehouse/verify';

/**
 * Why a server is not the one that is meant, or undefined when it is: its certificate (DER) must be that of
 * `spiffe://<trust domain>/<name>` (X.509-SVID). The address that it was reached at proves nothing.
 */
export function identityProblem(certificate: Uint8Array, trustDomain: string, name: string): Error | undefined {
  try {
    const found = readSvid(certificate);
    if (found.trustDomain === trustDomain && found.name === name) return undefined;
    const [is, wanted] = [found, { trustDomain, name }].map((one) => `spiffe://${one.trustDomain}/${one.name}`);
    return new Error(`The server is ${is}, not ${wanted}.`);
  } catch (error) {
    return error instanceof Error ? error : new Error('The server is not known.');
  }
}
