import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SettingProblem } from './config-error.ts';

/** Whether the key that the settings name, if both it and the certificate can be read, is that of the certificate. */
export function keyProblems(settings: Readonly<Record<string, unknown>>): SettingProblem[] {
  const { GATEHOUSE_TLS_CERT: cert, GATEHOUSE_TLS_KEY: key } = settings;
  if (typeof cert !== 'string' || typeof key !== 'string') return [];
  if (new X509Certificate(readFileSync(cert)).checkPrivateKey(createPrivateKey(readFileSync(key)))) return [];
  const wrong = 'names the key of another certificate';
  return [{ variable: 'GATEHOUSE_TLS_KEY', wrong, expected: 'that of the first certificate in GATEHOUSE_TLS_CERT' }];
}
