import { type Database, openDatabase } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { PATIENT } from './patience.ts';

/** Runs statements that name databases, one after the other, as the superuser over a connection of its own. */
export async function administer(adminUrl: string, ...texts: readonly string[]): Promise<void> {
  await withAdmin(adminUrl, async (db) => {
    // Not defined with `statement`, because each is used once and none is one of a service's.
    for (const [index, text] of texts.entries()) await db.query({ name: `testing.administer-${index}`, text });
  });
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

async function withAdmin<T>(adminUrl: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db = openDatabase({
    url: adminUrl,
    applicationName: 'gatehouse-testing',
    maxConnections: 1,
    ...PATIENT,
    logger: silentLogger,
  });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}
