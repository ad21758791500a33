import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testAuthority } from '@gatehouse/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { terminalEnvironment } from './config.ts';
import { ROOT } from './up-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const noPem = join(folder, 'no.pem');
writeFileSync(noPem, '-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n');
const STORES = { identity: 'p', session: 'pr', authz: 'pr', audit: 'p', ops: 'pr' };
const services = Object.entries(STORES).map(([name, stores]) => ({ name, stores, upper: name.toUpperCase() }));

/** What a service prints that is started with the settings, and how it ends. */
async function start(name: string, settings: Record<string, string>) {
  const env = { ...terminalEnvironment(), ...settings };
  const child = spawn(process.execPath, [`services/${name}/src/main.ts`], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part));
  const [code] = await once(child, 'close');
  const [first, ...lines] = text.trimEnd().split('\n');
  expect([code, first], text).toEqual([78, 'The settings are wrong:']);
  for (const line of lines) expect(line).toMatch(/^ {2}[A-Z_]+ \S.*\. Expected: \S.*\.$/);
  expect(text).not.toMatch(/hunter2|Invalid|undefined|ERR_|ENOENT|\bat \S+:\d+|node_modules/);
  return lines.map((line) => line.trim().split('. Expected: ')[0] ?? '');
}

describe('a service that is started with wrong settings reads one list, and exits with 78', () => {
  it.each(services)('$name, of all that is not set', async ({ name, stores, upper }) => {
    const wrong = await start(name, {});
    expect(wrong.every((line) => line.endsWith(' is not set'))).toBe(true);
    const variables = wrong.map((line) => line.split(' ')[0]);
    expect(variables).toEqual(
      expect.arrayContaining([
        'GATEHOUSE_LISTEN',
        'GATEHOUSE_ADMIN_LISTEN',
        'GATEHOUSE_TLS_CA',
        'GATEHOUSE_TLS_CERT',
        'GATEHOUSE_TLS_KEY',
        `GATEHOUSE_${upper}_POSTGRES_URL`,
        `GATEHOUSE_${upper}_SECRET_KEYS`,
        ...(stores.includes('r') ? [`GATEHOUSE_${upper}_REDIS_URL`] : []),
      ]),
    );
    expect(new Set(variables).size).toBe(variables.length);
  });

  it.each(services)('$name, of values, files, ports and URLs', async ({ name, stores, upper }) => {
    const taken = createServer();
    await once(taken.listen(0, '127.0.0.1'), 'listening');
    const { port } = taken.address() as AddressInfo;
    const { cert } = await (await testAuthority()).issue(name);
    const wrong = await start(name, {
      GATEHOUSE_LISTEN: `127.0.0.1:${port}`,
      GATEHOUSE_ADMIN_LISTEN: '203.0.113.9:1',
      GATEHOUSE_TLS_CA: '/nowhere/hunter2.pem',
      GATEHOUSE_TLS_CERT: noPem,
      GATEHOUSE_TLS_KEY: cert,
      GATEHOUSE_LOG_LEVEL: 'hunter2',
      GATEHOUSE_DRAIN_BUDGET_MS: '600001',
      GATEHOUSE_POSTGRES_CONNECTIONS: 'hunter2',
      GATEHOUSE_TRUST_DOMAIN: 'Hunter2!',
      GATEHOUSE_INSTANCE: 'hunter2'.repeat(30),
      [`GATEHOUSE_${upper}_POSTGRES_URL`]: 'postgres://me:hunter2%@db/main',
      [`GATEHOUSE_${upper}_SECRET_KEYS`]: '1:hunter2',
      ...(stores.includes('r') ? { [`GATEHOUSE_${upper}_REDIS_URL`]: 'redis://me:hunter2@db:99999' } : {}),
    });
    await new Promise((resolve) => taken.close(resolve));
    expect(wrong).toEqual(
      expect.arrayContaining([
        `GATEHOUSE_LISTEN names port ${port}, which is in use`,
        'GATEHOUSE_ADMIN_LISTEN names a host that is not this machine',
        'GATEHOUSE_TLS_CA names a file that is not there',
        'GATEHOUSE_TLS_CERT names a file that holds something else',
        'GATEHOUSE_TLS_KEY names a file that holds something else',
        'GATEHOUSE_LOG_LEVEL is something else',
        'GATEHOUSE_DRAIN_BUDGET_MS is too large',
        'GATEHOUSE_POSTGRES_CONNECTIONS is something else',
        'GATEHOUSE_TRUST_DOMAIN is something else',
        'GATEHOUSE_INSTANCE is something else',
        `GATEHOUSE_${upper}_POSTGRES_URL holds a percent sign that encodes nothing`,
        `GATEHOUSE_${upper}_SECRET_KEYS is something else`,
        ...(stores.includes('r')
          ? [`GATEHOUSE_${upper}_REDIS_URL can't be used: A Redis URL names a host that is not host:port`]
          : []),
      ]),
    );
  });

  it('of a key that is not that of the certificate, and a file that a URL names', async () => {
    const authority = await testAuthority();
    const [one, other] = await Promise.all([authority.issue('audit'), authority.issue('ops')]);
    const wrong = await start('audit', {
      GATEHOUSE_LISTEN: '127.0.0.1:0',
      GATEHOUSE_ADMIN_LISTEN: '127.0.0.1:0',
      GATEHOUSE_TLS_CA: one.ca,
      GATEHOUSE_TLS_CERT: one.cert,
      GATEHOUSE_TLS_KEY: other.key,
      GATEHOUSE_AUDIT_POSTGRES_URL: 'postgres://me@db/main?sslmode=verify-full&sslrootcert=/nowhere.pem',
      GATEHOUSE_AUDIT_SECRET_KEYS: `1:${Buffer.alloc(32).toString('base64url')}`,
      GATEHOUSE_SESSION_ADDRESS: 'session:7002',
      GATEHOUSE_AUTHZ_ADDRESS: 'dns:///authz:7003',
    });
    expect(wrong).toEqual([
      "GATEHOUSE_AUDIT_POSTGRES_URL can't be used: sslrootcert names a file that is not there",
      'GATEHOUSE_TLS_KEY names the key of another certificate',
    ]);
  });
});
