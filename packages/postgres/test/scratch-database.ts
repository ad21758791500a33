import { randomBytes } from 'node:crypto';
import { silentLogger } from '@gatehouse/process';
import { inject } from 'vitest';
import { type Database, openDatabase, statement } from '../src/index.ts';

/** An empty database of one test file's own. */
export interface ScratchDatabase {
  /** Of the superuser. */
  readonly url: string;
  readonly adminUrl: string;
  drop(): Promise<void>;
}

/** Makes one in the run's Postgres. */
export async function scratchDatabase(): Promise<ScratchDatabase> {
  const adminUrl = inject('gatehouse')?.adminUrl;
  if (adminUrl === undefined) throw new Error('Only a test started by `npm test` has a Postgres.');
  const name = `gatehouse_scratch_${randomBytes(6).toString('hex')}`;
  await runOnce(adminUrl, `create database ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    adminUrl,
    drop: () => runOnce(adminUrl, `drop database ${name} with (force)`),
  };
}

/** Opens a database as the tests need it: quiet, with few connections, and patient with a machine that pauses. */
export function openScratch(url: string, options: Partial<Parameters<typeof openDatabase>[0]> = {}): Database {
  return openDatabase({
    url,
    applicationName: 'scratch',
    maxConnections: 4,
    connectTimeoutMs: 10_000,
    acquireTimeoutMs: 10_000,
    logger: silentLogger,
    ...options,
  });
}

/** Runs one statement over a connection of its own. */
export async function runOnce<Row extends object>(url: string, text: string, values?: unknown[]): Promise<void> {
  await rowsOf<Row>(url, text, values);
}

/** As `runOnce`, and returns the rows. */
export async function rowsOf<Row extends object>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const db = openScratch(url, { maxConnections: 1, statementTimeoutMs: 30_000 });
  try {
    return await db.query(statement<Row>('test.once', text), values);
  } finally {
    await db.close();
  }
}
