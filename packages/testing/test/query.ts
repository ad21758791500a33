import { openDatabase } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';

/** Runs one statement over a connection of its own and answers its rows. */
export async function query<Row extends object>(url: string, text: string): Promise<Row[]> {
  const db = openDatabase({ url, applicationName: 'gatehouse-test', maxConnections: 1, logger: silentLogger });
  try {
    return await db.query<Row>({ name: 'test', text });
  } finally {
    await db.close();
  }
}
