import { connect } from './connect.ts';
import type { Connection } from './connection.ts';
import { parseUrl } from './url.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/** Lends one connection of its own, outside of any pool, to `work`, and ends it afterwards. */
export async function withSession<T>(
  url: string,
  o: { applicationName: string; statementTimeoutMs: number },
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(parseUrl(url), { ...o, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}
