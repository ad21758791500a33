import { type Database, openDatabase, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import { PATIENT } from './patience.ts';
import { stopIfOver } from './running-test.ts';

/** Runs a statement of a test over a connection of its own. */
export async function query<Row extends object>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return withDatabase(url, (db) => run<Row>(db, text, values));
}

/** Lends a database with a single connection. */
export async function withDatabase<T>(url: string, work: (db: Database) => Promise<T>): Promise<T> {
  stopIfOver();
  const db = openDatabase({
    url,
    applicationName: 'test',
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

let count = 0;

/** Runs a text that no other test has named. */
export function run<Row extends object>(
  db: Pick<Database, 'query'>,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  count += 1;
  return db.query(statement<Row>(`test.statement-${count}`, text), values);
}
