import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { administer } from '../admin-database.ts';
import { findPostgres } from '../binaries.mjs';
import { command } from '../command.ts';
import { storeEnvironment } from '../config.ts';
import { temporaryHome } from '../data-home.ts';
import { storeUser } from '../os-user.ts';
import { passwordFileOf, writePrivateFile } from './cluster.ts';
import { startLocalPostgres } from './local-postgres.ts';
import type { PostgresInstance } from './start-postgres.ts';

export interface StandbyOptions {
  /** Port by which the primary is reached, when it is not its own: that of a proxy, which can cut the two apart. */
  readonly primaryPort?: number;
  /** Further server settings by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A server that follows another one by streaming replication, and answers reads. Its passwords are those of the other. */
export interface PostgresStandby extends PostgresInstance {
  /** Follows nobody any more and takes writes. Resolves when it does. */
  promote(): Promise<void>;
}

/** Copies a primary that `startPostgres` has made, and starts the copy as its standby on a port of its own. */
export async function startStandby(primary: PostgresInstance, options: StandbyOptions = {}): Promise<PostgresStandby> {
  const [installed] = findPostgres(storeEnvironment().path);
  if (installed === undefined) throw new Error('A standby needs PostgreSQL binaries on this machine.');
  const user = storeUser();
  const home = mkdtempSync(join(temporaryHome(user), 'gatehouse-standby-'));
  if (user !== undefined) chownSync(home, user.uid, user.gid);
  const remove = () => rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  try {
    const dataDirectory = join(home, 'data');
    const source = new URL(primary.adminUrl);
    source.port = String(options.primaryPort ?? primary.port);
    const copy = ['-D', dataDirectory, '-R', '-X', 'stream', '-c', 'fast', '--no-sync', '-d', source.href];
    await command(join(installed.directory, 'pg_basebackup'), copy, { user, directory: home });
    writePrivateFile(passwordFileOf(dataDirectory), decodeURIComponent(source.password), user);
    const server = await startLocalPostgres({ dataDirectory, settings: options.settings ?? {} });
    return asStandby(server, remove);
  } catch (error) {
    remove();
    throw error;
  }
}

function asStandby(server: PostgresInstance, remove: () => void): PostgresStandby {
  const stop = (mode?: 'fast' | 'immediate') => server.stop(mode).finally(remove);
  return {
    ...server,
    get running() {
      return server.running;
    },
    promote: () => administer(server.adminUrl, 'select pg_promote()'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
