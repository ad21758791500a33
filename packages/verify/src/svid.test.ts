import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, type IssueOptions } from '@gatehouse/testing';
import { rounds, seededChance } from '@gatehouse/testing/chance';
import { afterAll, describe, expect, it } from 'vitest';
import { readSvid, SvidError } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-svid-'));
afterAll(() => rmSync(directory, { recursive: true }));
const authority = await createAuthority({ directory, trustDomain: 'test.local' });

/** A certificate as a peer shows it. */
const shown = (options: IssueOptions = {}, name = 'session') =>
  new X509Certificate(readFileSync(authority.issueSync(name, options).cert)).raw;
const named = (...uris: string[]) => shown({ uris });

describe('readSvid', () => {
  it.each([
    ['spiffe://test.local/session', 'test.local', 'session'],
    ['spiffe://a-b_c.1/ns/prod/sa/Shop.v2', 'a-b_c.1', 'ns/prod/sa/Shop.v2'],
    [`spiffe://t/${'x'.repeat(2048 - 'spiffe://t/'.length)}`, 't', 'x'.repeat(2048 - 'spiffe://t/'.length)],
    ['spiffe://t/...', 't', '...'],
  ])('reads %s', (uri, trustDomain, name) => {
    expect(readSvid(named(uri))).toMatchObject({ trustDomain, name });
  });

  it('tells from when to when the certificate is good', () => {
    const { notBeforeMs, notAfterMs } = readSvid(shown({ days: 2 }));
    expect(notBeforeMs).toBeLessThan(Date.now());
    expect(Math.abs(notAfterMs - Date.now() - 2 * 86_400_000)).toBeLessThan(3_600_000);
  });

  it.each([
    'spiffe://test.local/session ',
    ' spiffe://test.local/session',
    'spiffe://test.local/session\t',
    'spiffe://test.local/session\n',
    'spiffe://test.local/session\0',
    'spiffe://test.local/session\0.evil',
    'spiffe://test.local /session',
    'spiffe://test.local/ses sion',
    'spiffe://test.local/session, URI:spiffe://test.local/ops',
    'spiffe://test.local/"session"',
    'spiffe://test.local/s\xe9ssion',
    'spiffe://test.local/session%20',
    'spiffe://test.local/session?x=1',
    'spiffe://test.local/session#x',
    'spiffe://test.local/session/',
    'spiffe://test.local//session',
    'spiffe://test.local/./session',
    'spiffe://test.local/../session',
    'spiffe://test.local/a/..',
    'spiffe://test.local/',
    'spiffe://test.local',
    'spiffe:///session',
    'spiffe://Test.local/session',
    'spiffe://test.local:7102/session',
    'spiffe://user@test.local/session',
    'SPIFFE://test.local/session',
    'https://test.local/session',
    'spiffe:/test.local/session',
    '',
    `spiffe://t/${'x'.repeat(2048)}`,
    `spiffe://${'t'.repeat(256)}/session`,
  ])('refuses the id %j', (uri) => {
    expect(() => readSvid(named(uri))).toThrow(SvidError);
  });

  it('refuses a certificate without an id, and one with several, also if they are the same', () => {
    const id = 'spiffe://test.local/session';
    for (const uris of [[], [id, id], [id, 'spiffe://test.local/ops'], ['https://example.com', id]]) {
      expect(() => readSvid(named(...uris)), String(uris)).toThrow('exactly one SPIFFE id');
    }
  });

  it.each<[string, IssueOptions]>([
    ['is that of an authority', { isAuthority: true }],
    ['may sign certificates', { keyUsage: 'signsAndCertifies' }],
    ['may sign certificates only', { keyUsage: 'signCertificates' }],
    ['may sign lists of revoked ones', { keyUsage: 'signsAndRevokes' }],
    ['does not say what its key may do', { keyUsage: 'none' }],
    ['is not for signatures', { keyUsage: 'keyEncipherment' }],
  ])('refuses a certificate that %s', (_what, options) => {
    expect(() => readSvid(shown(options))).toThrow(SvidError);
  });

  it('refuses that of the authority itself, and what is no certificate', () => {
    for (const bytes of [
      new X509Certificate(readFileSync(authority.ca)).raw,
      Buffer.alloc(0),
      Buffer.from('nonsense'),
    ]) {
      expect(() => readSvid(bytes)).toThrow(SvidError);
    }
  });

  it('reads a damaged certificate, or refuses it as one that it can not read', () => {
    const chance = seededChance();
    const good = shown();
    for (let i = rounds(5_000, 500); i > 0; i -= 1) {
      const damaged = Buffer.from(good.subarray(0, chance.happens(0.2) ? chance.below(good.length) : good.length));
      for (let k = chance.below(4); k >= 0; k -= 1) damaged[chance.below(good.length)] = chance.below(256);
      try {
        expect(readSvid(damaged).name).toMatch(/^[A-Za-z0-9._-]+$/);
      } catch (error) {
        expect(error).toBeInstanceOf(SvidError);
      }
    }
  });
});
