import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRuntime, type RunningService } from '@gatehouse/mesh';
import { ConfigError, systemClock } from '@gatehouse/process';
import { createTestDatabase, type TestDatabase, testAuthority, testStores } from '@gatehouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MIGRATIONS = join(import.meta.dirname, '../../../services/session/migrations');
let database: TestDatabase;
let running: RunningService | undefined;
let migrations: string;

beforeEach(async () => {
  database = await createTestDatabase('session');
  migrations = mkdtempSync(join(tmpdir(), 'gatehouse-migrations-'));
  cpSync(MIGRATIONS, migrations, { recursive: true });
});
afterEach(async () => {
  await running?.stop();
  await database.drop();
  rmSync(migrations, { recursive: true });
});

/** What a service of no RPCs on the session schema stands on, with the certificate of a peer. */
async function open({ peer = 'session', days = 30 } = {}) {
  const { ca, cert, key } = (await testAuthority()).issueSync(peer, { days });
  return openRuntime({
    service: 'session',
    postgresUrl: database.url,
    migrations,
    clock: systemClock,
    config: {
      GATEHOUSE_LISTEN: { host: '127.0.0.1', port: 0 },
      GATEHOUSE_ADMIN_LISTEN: { host: '127.0.0.1', port: 0 },
      GATEHOUSE_TLS_CA: ca,
      GATEHOUSE_TLS_CERT: cert,
      GATEHOUSE_TLS_KEY: key,
      GATEHOUSE_TRUST_DOMAIN: testStores().trustDomain,
      GATEHOUSE_LOG_LEVEL: 'silent',
      GATEHOUSE_INSTANCE: 'test',
      GATEHOUSE_DRAIN_BUDGET_MS: 2_000,
      GATEHOUSE_DRAIN_DELAY_MS: 0,
      GATEHOUSE_REFLECTION: 'off',
      GATEHOUSE_POSTGRES_CONNECTIONS: 2,
      GATEHOUSE_POSTGRES_CONNECT_TIMEOUT_MS: 60_000,
      GATEHOUSE_POSTGRES_STATEMENT_TIMEOUT_MS: 60_000,
    },
  });
}

/** Serves; `more` are reasons of the service's own not to be ready. */
async function serve(more: readonly string[] = []) {
  const runtime = await open();
  running = await runtime.serve({ services: [], ready: async () => more });
  const admin = `http://127.0.0.1:${running.adminPort}`;
  return async (path: string) => {
    const response = await fetch(admin + path, { headers: { connection: 'close' } });
    return { status: response.status, body: await response.text() };
  };
}

describe('readiness', () => {
  it('is there when the database has every migration', async () => {
    const get = await serve();
    expect(await get('/readyz')).toEqual({ status: 200, body: '{"ready":true,"reasons":[]}\n' });
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/metrics')).body).toContain('process_cpu_seconds_total');
    expect((await get('/nothing')).status).toBe(404);
  });

  it('names the migration that is missing, while the process is alive', async () => {
    writeFileSync(join(migrations, '0002_add_more.sql'), 'select 1;');
    const get = await serve();
    const { status, body } = await get('/readyz');
    expect(status).toBe(503);
    expect(JSON.parse(body).reasons).toEqual([expect.stringContaining('0002_add_more')]);
    expect((await get('/livez')).status).toBe(200);
  });

  it('gives every reason: Postgres, and those of the service', async () => {
    const get = await serve(['The roles can not be read.']);
    await database.drop();
    const { status, body } = await get('/readyz');
    expect(status).toBe(503);
    expect(JSON.parse(body).reasons).toEqual([expect.stringContaining('Postgres'), 'The roles can not be read.']);
  });
});

describe('a start', () => {
  it.each([
    ['that has ended', { days: -1 }, 'has ended'],
    ['of another service', { peer: 'authz' }, 'not of'],
    ['of an application', { peer: 'app/session' }, 'not of'],
  ])('with a certificate %s is refused, and says why', async (_what, certificate, why) => {
    const opened = open(certificate);
    await expect(opened).rejects.toBeInstanceOf(ConfigError);
    await expect(opened).rejects.toThrow(why);
  });

  it('tells when its certificate ends', async () => {
    const get = await serve();
    const { body } = await get('/metrics');
    const end = /^gatehouse_certificate_end_timestamp_seconds\{service="session"\} (\S+)$/m.exec(body);
    expect(Number(end?.[1]) * 1000).toBeGreaterThan(Date.now());
  });
});
