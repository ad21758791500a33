import { type Database, openDatabase } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { PATIENT } from './patience.ts';
import { runInWorker } from './running-test.ts';
import { sharedAdminUrl } from './test-stores.ts';

/** Two test databases can be made at once. */
const ADMIN_CONNECTIONS_MAX = 2;

/** Over the run's own server, which outlives the worker: opened once, and gone with the process. */
let ofRun: { readonly url: string; readonly db: Database } | undefined;
let statements = 0;

/** Runs statements that name databases, one after the other, as the superuser. */
export async function administer(adminUrl: string, ...texts: readonly string[]): Promise<void> {
  if (adminUrl === sharedAdminUrl()) {
    if (ofRun?.url !== adminUrl) ofRun = { url: adminUrl, db: runInWorker(() => openAdmin(adminUrl)) };
    const { db } = ofRun;
    await runInWorker(() => runAll(db, texts));
    return;
  }
  const db = openAdmin(adminUrl);
  try {
    await runAll(db, texts);
  } finally {
    await db.close();
  }
}

async function runAll(db: Database, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    statements += 1;
    // Not defined with `statement`, because each is used once and none is one of a service's.
    await db.query({ name: `testing.administer-${statements}`, text });
  }
}

/** An identifier in double quotes, for a statement that can't take it as a parameter. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The same server and role, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

function openAdmin(url: string): Database {
  return openDatabase({
    url,
    applicationName: 'gatehouse-testing',
    maxConnections: ADMIN_CONNECTIONS_MAX,
    ...PATIENT,
    logger: silentLogger,
  });
}
