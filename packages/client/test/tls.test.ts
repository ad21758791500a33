import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, type CertificateFiles, createAuthority, type IssueOptions, waitFor } from '@gatehouse/testing';
import { ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCertificates } from '../src/channel/certificates.ts';
import { identityProblem } from '../src/channel/server-identity.ts';
import { connectGatehouse } from '../src/index.ts';
import { type StandIn, startStandIn } from './stand-in.ts';

const TRUST_DOMAIN = 'test.local';

let directory: string;
let authority: Authority;
let own: CertificateFiles;
const servers: StandIn[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-client-'));
  authority = await createAuthority({ directory, trustDomain: TRUST_DOMAIN });
  own = { ca: join(directory, 'own-ca.pem'), cert: join(directory, 'own.pem'), key: join(directory, 'own.key') };
  issue(authority);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  rmSync(directory, { recursive: true });
});

/** Puts a certificate of that authority where the client looks for its own. */
function issue(by: Authority): void {
  const issued = by.issueSync('app/orders');
  copyFileSync(issued.ca, own.ca);
  copyFileSync(issued.key, own.key);
  copyFileSync(issued.cert, own.cert);
}

/** A server with the certificate of a peer, which asks for one in turn. */
async function serve(name = 'session', by = authority): Promise<StandIn> {
  const { ca, cert, key } = by.issueSync(name);
  const pair = { private_key: readFileSync(key), cert_chain: readFileSync(cert) };
  const server = await startStandIn(ServerCredentials.createSsl(readFileSync(ca), [pair], true));
  servers.push(server);
  return server;
}

const tls = () => ({ ...own, trustDomain: TRUST_DOMAIN });

describe('a connection', () => {
  it('is made with certificates from files, and from text', async () => {
    const server = await serve();
    const { token } = server.add();
    expect(await server.connect({ tls: tls() }).sessions.validate(token)).toBeDefined();
    const text = {
      ca: readFileSync(own.ca, 'utf8'),
      cert: readFileSync(own.cert, 'utf8'),
      key: readFileSync(own.key, 'utf8'),
    };
    const client = server.connect({ tls: { ...text, trustDomain: TRUST_DOMAIN } });
    expect(await client.sessions.validate(token)).toBeDefined();
  });

  it('is not made to another peer, however good its certificate is', async () => {
    const server = await serve('authz');
    const { token } = server.add();
    const client = server.connect({ tls: tls(), defaults: { retries: 0 } });
    await expect(client.sessions.validate(token)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`spiffe://${TRUST_DOMAIN}/authz`),
    });
    expect(server.batches).toEqual([]);
    expect(await server.connect({ tls: { ...tls(), serverName: 'authz' } }).sessions.validate(token)).toBeDefined();
  });

  it('is not made to a peer of another trust domain', async () => {
    const server = await serve();
    const client = server.connect({ tls: { ...own, trustDomain: 'other.local' }, defaults: { retries: 0 } });
    await expect(client.sessions.validate(server.add().token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(server.batches).toEqual([]);
  });

  it('is not made to a server whose authority is not trusted', async () => {
    const stranger = await createAuthority({ directory: join(directory, 'stranger'), trustDomain: TRUST_DOMAIN });
    const server = await serve('session', stranger);
    const client = server.connect({ tls: tls(), defaults: { retries: 0 } });
    await expect(client.sessions.validate(server.add().token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(server.batches).toEqual([]);
  });

  it('is made with new certificates once the files have changed', async () => {
    const next = await createAuthority({ directory: join(directory, 'next'), trustDomain: TRUST_DOMAIN });
    const server = await serve('session', next);
    const { token } = server.add();
    const client = server.connect({ tls: { ...tls(), refreshMs: 10 }, defaults: { retries: 0 } });
    await expect(client.sessions.validate(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    issue(next);
    expect(await waitFor(() => client.sessions.validate(token))).toBeDefined();
  });

  it('without TLS is made to this machine only', () => {
    const session = { address: 'session.gatehouse.svc:7102' };
    expect(() => connectGatehouse({ session, tls: 'plaintext-loopback' })).toThrow(TypeError);
  });
});

describe('certificates', () => {
  it.each([
    ['the key of another certificate', () => copyFileSync(authority.issueSync('app/orders').key, own.key)],
    ['half a certificate', () => writeFileSync(own.cert, readFileSync(own.cert).subarray(0, 200))],
    ['no certificate', () => rmSync(own.cert)],
    ['a broken authority', () => writeFileSync(own.ca, 'nonsense')],
  ])('stay as they are while the files hold %s, which is told once', (_what, spoil) => {
    const warnings: string[] = [];
    const certificates = openCertificates(own, ({ message }) => warnings.push(message));
    spoil();
    expect(certificates.refresh()).toBe(false);
    expect(certificates.refresh()).toBe(false);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('PRIVATE KEY');
    issue(authority);
    expect(certificates.refresh()).toBe(true);
    certificates.stop();
  });

  it('must be good to begin with', () => {
    copyFileSync(authority.issueSync('app/orders').key, own.key);
    expect(() => connectGatehouse({ session: { address: '127.0.0.1:1' }, tls: tls() })).toThrow(/private key/);
  });
});

describe('the end of the own certificate', () => {
  const DAY_MS = 86_400_000;
  const text = () => ({
    ca: readFileSync(own.ca, 'utf8'),
    cert: readFileSync(own.cert, 'utf8'),
    key: readFileSync(own.key, 'utf8'),
  });

  it.each([
    ['files', () => own],
    ['text', text],
  ])('is told of when less than a third of its life is left, every hour: %s', (_what, options) => {
    const warnings: string[] = [];
    let nowMs = Date.now();
    const certificates = openCertificates(
      options(),
      ({ message }) => warnings.push(message),
      () => nowMs,
    );
    const later = (ms: number) => {
      nowMs += ms;
      certificates.refresh();
    };
    later(19 * DAY_MS);
    expect(warnings).toEqual([]);
    later(2 * DAY_MS);
    later(0);
    expect(warnings).toEqual([expect.stringContaining('ends at')]);
    later(3_600_000);
    expect(warnings).toHaveLength(2);
    later(10 * DAY_MS);
    expect(warnings.at(-1)).toContain('has ended');
    certificates.stop();
  });

  it('is told of at once when it is over, and no more once there is another', () => {
    const warnings: string[] = [];
    const ended = authority.issueSync('app/orders', { days: -1 });
    copyFileSync(ended.key, own.key);
    copyFileSync(ended.cert, own.cert);
    const certificates = openCertificates(own, ({ message }) => warnings.push(message));
    expect(warnings).toEqual([expect.stringContaining('has ended')]);
    issue(authority);
    expect(certificates.refresh()).toBe(true);
    expect(warnings).toHaveLength(1);
    certificates.stop();
  });
});

describe('identityProblem', () => {
  const raw = (name: string, options?: IssueOptions) =>
    new X509Certificate(readFileSync(authority.issueSync(name, options).cert)).raw;

  it('accepts exactly the one name', () => {
    expect(identityProblem(raw('session'), TRUST_DOMAIN, 'session')).toBeUndefined();
    for (const name of ['session-2', 'app/session', 'sessio']) {
      expect(identityProblem(raw(name), TRUST_DOMAIN, 'session')).toBeInstanceOf(Error);
    }
    for (const domain of ['test.loca', 'test.local.evil', 'test']) {
      expect(identityProblem(raw('session'), domain, 'session')).toBeInstanceOf(Error);
    }
  });

  it.each<IssueOptions>([
    { uris: [`spiffe://${TRUST_DOMAIN}/session `] },
    { uris: [` spiffe://${TRUST_DOMAIN}/session`] },
    { uris: [`spiffe://${TRUST_DOMAIN}/session`, `spiffe://${TRUST_DOMAIN}/session`] },
    { isAuthority: true },
    { keyUsage: 'signsAndCertifies' },
    { keyUsage: 'none' },
  ])('refuses one that is no SVID: %o', (options) => {
    expect(identityProblem(raw('session', options), TRUST_DOMAIN, 'session')).toBeInstanceOf(Error);
  });

  it('refuses a certificate that names nobody', () => {
    const ca = new X509Certificate(readFileSync(authority.ca)).raw;
    expect(identityProblem(ca, TRUST_DOMAIN, '')).toBeInstanceOf(Error);
  });
});
