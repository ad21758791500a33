import { openDatabase, statement } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';

const FIND = statement('up.find-database', 'select datname from pg_database where datname = $1::name');
const CREATE = statement('up.create-database', 'create database gatehouse');

/** The URL of the mesh's own database on a server, which is created when it is not there. */
export async function ensureDatabase(serverUrl: string): Promise<string> {
  const db = openDatabase({ url: serverUrl, applicationName: 'gatehouse-up', maxConnections: 1, logger: silentLogger });
  try {
    const found = await db.query(FIND, ['gatehouse']);
    if (found.length === 0) await db.query(CREATE);
  } finally {
    await db.close();
  }
  const url = new URL(serverUrl);
  url.pathname = '/gatehouse';
  return url.href;
}
