import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type PeerCertificate, type TLSSocket } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import { type CertificateFiles, createAuthority, testAuthority } from '../src/index.ts';

const home = mkdtempSync(join(tmpdir(), 'gatehouse-authority-test-'));
afterAll(() => rmSync(home, { recursive: true }));
const authority = await createAuthority({ directory: join(home, 'ours'), trustDomain: 'gatehouse.test' });

describe('a certificate', () => {
  it.each(['localhost', '127.0.0.1', '::1'])(
    'serves for both ends of a connection to %s, each named by its SPIFFE id',
    async (host) => {
      const server = await authority.issue('session');
      const client = await authority.issue('app/orders');
      const { serverSees, clientSees } = await handshake(server, client, host);
      expect(clientSees.subjectaltname).toContain('URI:spiffe://gatehouse.test/session,');
      expect(serverSees.subjectaltname).toContain('URI:spiffe://gatehouse.test/app/orders,');
    },
  );

  it('names the further hosts it is asked to name', async () => {
    const server = await authority.issue('audit', { hosts: ['audit.mesh.svc', '10.1.2.3', 'fd00::17'] });
    const { clientSees } = await handshake(server, await authority.issue('ops'), '127.0.0.1');
    expect(clientSees.subjectaltname).toContain('DNS:audit.mesh.svc');
    expect(clientSees.subjectaltname).toContain('IP Address:10.1.2.3');
    expect(clientSees.subjectaltname).toContain('IP Address:FD00:0:0:0:0:0:0:17');
  });

  it('is refused once it has expired', async () => {
    const expired = await authority.issue('stale', { days: -1 });
    await expect(handshake(expired, await authority.issue('ops'), '127.0.0.1')).rejects.toThrow('expired');
  });

  it('is refused when another authority of the same trust domain signed it', async () => {
    const others = await createAuthority({ directory: join(home, 'others'), trustDomain: 'gatehouse.test' });
    const forged = { ...(await others.issue('session')), ca: authority.ca };
    await expect(handshake(forged, await authority.issue('ops'), '127.0.0.1')).rejects.toThrow();
    await expect(handshake(await authority.issue('session'), forged, '127.0.0.1')).rejects.toThrow();
  });

  it('has a key that only its owner can read, beside it, under its name', async () => {
    const files = await authority.issue('app/billing');
    expect(files).toEqual({
      ca: join(home, 'ours', 'ca.pem'),
      cert: join(home, 'ours', 'app-billing.pem'),
      key: join(home, 'ours', 'app-billing.key'),
    });
    expect(statSync(files.key).mode & 0o777).toBe(0o600);
  });

  it.each(['ca', '../session', 'Session', '', 'app/'])('is not issued to a peer called "%s"', async (name) => {
    await expect(authority.issue(name)).rejects.toThrow("can't be called");
  });
});

describe('an authority', () => {
  it('is taken up where it was left', async () => {
    const again = await createAuthority({ directory: join(home, 'ours'), trustDomain: 'gatehouse.test' });
    const { clientSees } = await handshake(await again.issue('identity'), await authority.issue('ops'), '127.0.0.1');
    expect(clientSees.subjectaltname).toContain('spiffe://gatehouse.test/identity');
  });

  it('is replaced when it is for another trust domain', async () => {
    const directory = join(home, 'moved');
    const first = await createAuthority({ directory, trustDomain: 'one.test' });
    const before = readFileSync(first.ca, 'utf8');
    const second = await createAuthority({ directory, trustDomain: 'two.test' });
    expect(readFileSync(second.ca, 'utf8')).not.toBe(before);
  });

  it('of the test run serves callers that do not see each other', async () => {
    const [one, two] = await Promise.all([testAuthority(), testAuthority()]);
    const [server, client] = [await one.issue('session'), await two.issue('session')];
    expect(server.cert).not.toBe(client.cert);
    const { serverSees } = await handshake(server, client, '127.0.0.1');
    expect(serverSees.subjectaltname).toContain('spiffe://gatehouse.test/session');
  });
});

/** Connects two peers, each of which insists on the other's certificate, and answers what each has seen of the other. */
async function handshake(server: CertificateFiles, client: CertificateFiles, host: string) {
  const listener = createServer({ ...pems(server), requestCert: true, rejectUnauthorized: true });
  await new Promise<void>((resolve) => listener.listen(0, host === '::1' ? '::1' : '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const accepted = new Promise<PeerCertificate>((resolve, reject) => {
    listener.once('secureConnection', (socket: TLSSocket) => {
      resolve(socket.getPeerCertificate());
      socket.end('accepted');
    });
    listener.once('tlsClientError', reject);
  });
  accepted.catch(() => {});
  const socket = connect({ port, host, servername: host === 'localhost' ? host : '', ...pems(client) });
  try {
    const clientSees = await new Promise<PeerCertificate>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('secureConnect', () => resolve(socket.getPeerCertificate()));
    });
    return { serverSees: await accepted, clientSees };
  } finally {
    socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  }
}

function pems({ ca, cert, key }: CertificateFiles) {
  return { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
}
