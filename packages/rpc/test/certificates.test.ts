import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry, silentLogger } from '@gatehouse/process';
import { type CertificateFiles, type CertificateSourceOptions, certificateSource } from '@gatehouse/rpc';
import { type Authority, createAuthority, fakeClock, type IssueOptions, waitFor } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certifiedPeer } from '../src/peer.ts';

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
async function listening(options: Partial<CertificateSourceOptions> = {}) {
  const source = certificateSource({ ...files, logger: silentLogger, refreshMs: 3_600_000, ...options });
  const told: string[] = [];
  source.provider.addIdentityCertificateListener((update) => {
    told.push(update ? new X509Certificate(update.certificate).serialNumber : 'none');
  });
  await waitFor(() => told.length > 0);
  return { source, told };
}

/** Puts a certificate where the source looks for it. */
function put(name: string, options: IssueOptions = {}, by = authority): void {
  const issued = by.issueSync(name, options);
  copyFileSync(issued.key, files.key);
  copyFileSync(issued.cert, files.cert);
}

/** A logger that keeps what it is told. */
function listener() {
  const lines: { level: string; words: string; why: unknown }[] = [];
  const keep = (level: string) => (fields: { why?: unknown }, words: string) =>
    void lines.push({ level, words, why: fields.why });
  const logger = { warn: keep('warn'), error: keep('error'), info: keep('info') } as unknown as typeof silentLogger;
  return { logger, lines };
}

const SESSION = { trustDomain: 'test.local', name: 'session' };

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

describe('a certificate that nobody would accept', () => {
  it.each<[string, () => void, RegExp]>([
    ['has ended', () => put('session', { days: -1 }), /has ended/],
    ['is that of another service', () => put('ops'), /that of spiffe:\/\/test.local\/ops, not of .*\/session/],
    ['is that of an application', () => put('app/session'), /not of/],
    ['is of another trust domain', () => put('session', { uris: ['spiffe://other.local/session'] }), /not of/],
    ['names nobody', () => put('session', { uris: [] }), /SPIFFE id/],
    ['has a space behind its name', () => put('session', { uris: ['spiffe://test.local/session '] }), /SPIFFE id/],
    ['is that of an authority', () => put('session', { isAuthority: true }), /authority/],
    ['may sign others', () => put('session', { keyUsage: 'signsAndCertifies' }), /authority/],
  ])('is not started with, and does not take the place of a good one: it %s', async (_what, spoil, why) => {
    const { source, told } = await listening({ identity: SESSION });
    const { logger, lines } = listener();
    spoil();
    expect(source.refresh()).toBe(false);
    expect(told).toHaveLength(1);
    source.stop();
    expect(() => certificateSource({ ...files, logger, identity: SESSION })).toThrow(why);
    expect(lines).toEqual([]);
  });

  it('is one that begins later, until then', async () => {
    const clock = fakeClock(new Date(Date.now() - 86_400_000));
    expect(() => certificateSource({ ...files, logger: silentLogger, clock })).toThrow(/not good before/);
    clock.set(new Date());
    certificateSource({ ...files, logger: silentLogger, clock }).stop();
  });
});

describe('the end of the own certificate', () => {
  it('is a metric, also after it was replaced', async () => {
    const registry = new Registry();
    const { source } = await listening({ registry });
    const end = async () => {
      const line = /^gatehouse_certificate_end_timestamp_seconds (\S+)$/m.exec(await registry.metrics());
      return Number(line?.[1]) * 1000;
    };
    expect(await end()).toBe(Date.parse(new X509Certificate(readFileSync(files.cert)).validTo));
    put('session', { days: 3 });
    expect(source.refresh()).toBe(true);
    expect(await end()).toBe(Date.parse(new X509Certificate(readFileSync(files.cert)).validTo));
    source.stop();
  });

  it('is warned of when less than a third of its life is left, every hour, until it is replaced', async () => {
    put('session', { days: 30 });
    const clock = fakeClock(new Date());
    const { logger, lines } = listener();
    const { source } = await listening({ clock, logger });
    const warnings = () => lines.filter(({ level }) => level === 'warn').map(({ why }) => why);
    clock.advance(19 * 86_400_000);
    source.refresh();
    expect(warnings()).toEqual([]);
    clock.advance(2 * 86_400_000);
    source.refresh();
    source.refresh();
    expect(warnings()).toEqual([expect.stringContaining('ends at')]);
    clock.advance(3_600_000);
    source.refresh();
    expect(warnings()).toHaveLength(2);
    clock.advance(10 * 86_400_000);
    source.refresh();
    expect(warnings().at(-1)).toContain('has ended');
    put('session', { days: 365 });
    expect(source.refresh()).toBe(true);
    clock.advance(7_200_000);
    source.refresh();
    expect(warnings()).toHaveLength(3);
    source.stop();
  });
});

describe('certifiedPeer', () => {
  const raw = (name: string, options?: IssueOptions) =>
    new X509Certificate(readFileSync(authority.issueSync(name, options).cert)).raw;

  it.each(['identity', 'app/orders', 'edge/eu/envoy-1'])('reads %s', (name) => {
    expect(certifiedPeer(raw(name), 'test.local').name).toBe(name);
  });

  it('refuses another trust domain, also one that only begins alike', () => {
    for (const domain of ['other.local', 'test.loca', 'test.local.evil', 'test']) {
      expect(() => certifiedPeer(raw('identity'), domain)).toThrow(
        expect.objectContaining({ reason: 'PEER_NOT_ALLOWED' }),
      );
    }
  });

  it('refuses a certificate that names nobody, or could name others', () => {
    const own = new X509Certificate(readFileSync(authority.ca)).raw;
    for (const certificate of [own, raw('identity', { isAuthority: true }), raw('identity', { keyUsage: 'none' })]) {
      expect(() => certifiedPeer(certificate, 'test.local')).toThrow(
        expect.objectContaining({ reason: 'PEER_NOT_ALLOWED' }),
      );
    }
  });
});
