import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@gatehouse/process';
import { type CertificateFiles, certificateSource } from '@gatehouse/rpc';
import { type Authority, createAuthority, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { peerName } from '../src/peer.ts';

let directory: string;
let authority: Authority;
let files: CertificateFiles;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-certificates-'));
  authority = await createAuthority({ directory, trustDomain: 'test.local' });
  const issued = authority.issueSync('session');
  files = { ca: issued.ca, cert: join(directory, 'own.pem'), key: join(directory, 'own.key') };
  copyFileSync(issued.cert, files.cert);
  copyFileSync(issued.key, files.key);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A source with what its listener has been told. */
async function listening() {
  const source = certificateSource({ ...files, logger: silentLogger, refreshMs: 3_600_000 });
  const told: string[] = [];
  source.provider.addIdentityCertificateListener((update) => {
    told.push(update ? new X509Certificate(update.certificate).serialNumber : 'none');
  });
  await waitFor(() => told.length > 0);
  return { source, told };
}

describe('certificateSource', () => {
  it('has its certificates at once, and says so when they are replaced', async () => {
    const { source, told } = await listening();
    expect(told).toHaveLength(1);
    expect(source.refresh()).toBe(false);
    const next = authority.issueSync('session');
    copyFileSync(next.key, files.key);
    copyFileSync(next.cert, files.cert);
    expect(source.refresh()).toBe(true);
    expect(told).toHaveLength(2);
    expect(told[1]).toBe(new X509Certificate(readFileSync(next.cert)).serialNumber);
    source.stop();
  });

  it.each([
    ['the key of another certificate', () => copyFileSync(authority.issueSync('session').key, files.key)],
    ['half a certificate', () => writeFileSync(files.cert, readFileSync(files.cert).subarray(0, 200))],
    ['an empty key', () => writeFileSync(files.key, '')],
    ['no certificate', () => rmSync(files.cert)],
    ['a broken authority', () => writeFileSync(files.ca, 'nonsense')],
  ])('keeps the last good ones while the files hold %s', async (_what, spoil) => {
    const { source, told } = await listening();
    spoil();
    expect(source.refresh()).toBe(false);
    expect(told).toHaveLength(1);
    source.stop();
  });

  it('does not start without a good pair', () => {
    copyFileSync(authority.issueSync('session').key, files.key);
    expect(() => certificateSource({ ...files, logger: silentLogger })).toThrow(/private key/);
  });
});

describe('peerName', () => {
  const raw = (name: string, by = authority) => new X509Certificate(readFileSync(by.issueSync(name).cert)).raw;

  it.each(['identity', 'app/orders', 'edge/eu/envoy-1'])('reads %s', (name) => {
    expect(peerName(raw(name), 'test.local')).toBe(name);
  });

  it('refuses another trust domain, also one that only begins alike', () => {
    for (const domain of ['other.local', 'test.loca', 'test.local.evil', 'test']) {
      expect(() => peerName(raw('identity'), domain)).toThrow(expect.objectContaining({ reason: 'PEER_NOT_ALLOWED' }));
    }
  });

  it('refuses a certificate that names nobody', () => {
    const own = new X509Certificate(readFileSync(authority.ca)).raw;
    expect(() => peerName(own, 'test.local')).toThrow(expect.objectContaining({ reason: 'PEER_NOT_ALLOWED' }));
  });
});
