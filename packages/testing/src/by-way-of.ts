import type { TcpProxy } from './tcp-proxy.ts';
import type { TestDatabase } from './test-database.ts';

/** The same URL by way of a proxy. */
export function byWayOf({ port }: Pick<TcpProxy, 'port'>, url: string): string {
  const through = new URL(url);
  through.port = String(port);
  return through.href;
}

/** The same database, reached by the service by way of a proxy, and by the test as before. */
export function databaseByWayOf(proxy: Pick<TcpProxy, 'port'>, database: TestDatabase): TestDatabase {
  return { ...database, url: byWayOf(proxy, database.url) };
}
