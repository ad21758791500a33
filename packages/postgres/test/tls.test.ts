import { chown, copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, createAuthority, type PostgresInstance, startPostgres, waitFor } from '@gatehouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statement } from '../src/index.ts';
import { openScratch, runOnce } from './scratch-database.ts';

const encrypted = statement<{ ssl: boolean }>(
  'test.encrypted',
  'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
);

let server: PostgresInstance;
let directory: string;
let authority: Authority;
let stranger: Authority;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-tls-'));
  authority = await createAuthority({ directory: join(directory, 'own'), trustDomain: 'gatehouse.test' });
  stranger = await createAuthority({ directory: join(directory, 'other'), trustDomain: 'gatehouse.test' });
  server = await startPostgres();
  const { cert, key } = await authority.issue('postgres');
  // Postgres takes a key only from a file of its own account.
  const { uid, gid } = await stat(server.dataDirectory);
  for (const [from, name] of [
    [cert, 'server.crt'],
    [key, 'server.key'],
  ] as const) {
    await copyFile(from, join(server.dataDirectory, name));
    await chown(join(server.dataDirectory, name), uid, gid);
  }
  await runOnce(server.adminUrl, 'alter system set ssl = on');
  await server.restart();
});

afterAll(async () => {
  await server.stop('immediate');
  await rm(directory, { recursive: true });
});

const url = (parameters: string, host = '127.0.0.1') => `${server.adminUrl.replace('127.0.0.1', host)}?${parameters}`;

describe('sslmode', () => {
  it.each([
    ['disable', () => url('sslmode=disable'), false],
    ['require', () => url('sslmode=require'), true],
    ['require with an authority', () => url(`sslmode=require&sslrootcert=${authority.ca}`), true],
    ['verify-ca', () => url(`sslmode=verify-ca&sslrootcert=${authority.ca}`), true],
    ['verify-full by address', () => url(`sslmode=verify-full&sslrootcert=${authority.ca}`), true],
    ['verify-full by name', () => url(`sslmode=verify-full&sslrootcert=${authority.ca}`, 'localhost'), true],
  ])('%s connects', async (_, target, ssl) => {
    const db = openScratch(target());
    expect(await db.query(encrypted)).toEqual([{ ssl }]);
    await db.close();
  });

  it.each([
    ['verify-full with the authority of somebody else', () => url(`sslmode=verify-full&sslrootcert=${stranger.ca}`)],
    ['verify-ca with the authority of somebody else', () => url(`sslmode=verify-ca&sslrootcert=${stranger.ca}`)],
    ['require with the authority of somebody else', () => url(`sslmode=require&sslrootcert=${stranger.ca}`)],
    ['verify-full with authorities that do not know ours', () => url('sslmode=verify-full')],
    ['a file that is not there', () => url('sslmode=verify-full&sslrootcert=/no/such/file')],
  ])('%s is unavailable', async (_, target) => {
    const db = openScratch(target());
    await expect(db.ping()).rejects.toMatchObject({ kind: 'unavailable' });
    await db.close();
  });

  it('an aborted call is cancelled over TLS too, and its connection is kept', async () => {
    const db = openScratch(url(`sslmode=verify-full&sslrootcert=${authority.ca}`), {
      maxConnections: 1,
      statementTimeoutMs: 60_000,
    });
    const pid = statement<{ pid: number }>('test.pid', 'select pg_backend_pid() as pid');
    const before = await db.query(pid);
    const giveUp = new AbortController();
    const call = db.within({ signal: giveUp.signal }).query(statement('test.sleep', 'select 1 from pg_sleep(30)'));
    const cancelled = expect(call).rejects.toMatchObject({ kind: 'cancelled' });
    const other = openScratch(server.adminUrl);
    const active = statement(
      'test.active',
      `select from pg_stat_activity where query like '%pg_sleep(30)' and state = 'active'`,
    );
    await waitFor(async () => (await other.query(active)).length > 0);
    giveUp.abort();
    await cancelled;
    expect(await db.query(pid)).toEqual(before);
    await Promise.all([db.close(), other.close()]);
  });

  it('a socket is used when the URL names its folder', async () => {
    const db = openScratch(`postgres://postgres@localhost:${server.port}/postgres?host=${server.dataDirectory}`);
    const before = await db.query(
      statement<{ address: string | null }>('test.address', 'select inet_client_addr() as address'),
    );
    expect(before).toEqual([{ address: null }]);
    await expect(
      db.within({ signal: AbortSignal.timeout(30) }).query(statement('test.sleep', 'select 1 from pg_sleep(30)')),
    ).rejects.toMatchObject({ kind: 'deadline' });
    await db.ping();
    await db.close();
  });
});
