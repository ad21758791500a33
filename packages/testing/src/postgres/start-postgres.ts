import { findPostgres } from '../binaries.mjs';
import { storeEnvironment } from '../config.ts';
import { startLocalPostgres } from './local-postgres.ts';
import type { PgBackRest } from './pgbackrest.ts';

export interface PostgresOptions {
  /** Wanted port; the next free one is taken when it is in use. By default any. */
  readonly port?: number;
  /**
   * Folder of the data, which is then kept; by default a temporary one that goes with `stop`. Where the server's account
   * can't reach it, the data goes to the same name in the `dataHome` of its parent.
   */
  readonly dataDirectory?: string;
  /** Archives the WAL with pgBackRest into a repository beside the data. Default false. */
  readonly archive?: boolean;
  /** Flushes what is committed to the disk. Default false, because tests only survive processes, not power cuts. */
  readonly durable?: boolean;
  /** Further server settings by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A Postgres server of our own, on 127.0.0.1. */
export interface PostgresInstance extends AsyncDisposable {
  /** URL of the superuser in the database `postgres`, password included. */
  readonly adminUrl: string;
  readonly port: number;
  /** Folder of the data; of no use to this process when the server runs in a container. */
  readonly dataDirectory: string;
  /** There when the WAL is archived. */
  readonly pgBackRest: PgBackRest | undefined;
  /** Whether the server's process is there and not paused. */
  readonly running: boolean;
  /** Stops it; a fast stop that takes too long becomes an immediate one. Removes data that is not to be kept. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Ends the server and all its processes with SIGKILL. The data stays until `stop`. */
  kill(): Promise<void>;
  /** Starts it again with the same data on the same port, after stopping it if it runs. */
  restart(): Promise<void>;
  /** Freezes it: connections stay open and nobody answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/**
 * Starts a Postgres server: from the binaries on the machine, or in a container where there are none but a Docker engine
 * answers. It ends with this process at the latest, however this process ends.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresInstance> {
  if (findPostgres(storeEnvironment().path).length > 0) return startLocalPostgres(options);
  const { startContainedPostgres } = await import('../docker/contained-postgres.ts');
  return startContainedPostgres(options);
}
