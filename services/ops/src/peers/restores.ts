import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { Failure } from '@gatehouse/failure';
import { type Database, openDatabase } from '@gatehouse/postgres';
import { silentLogger } from '@gatehouse/process';
import type { PgBackRest } from './pgbackrest.ts';
import { findPostgres } from './postgres-binaries.ts';
import { listScratch, makeScratch, removeScratch } from './scratch-directory.ts';
import { startScratchPostgres } from './scratch-postgres.ts';

/** Restores of backups into scratch instances. */
export interface Restores {
  /** Why nothing can be restored; undefined when it can. */
  whyNot(): Promise<string | undefined>;
  /** Restores a backup and replays the archive to its end. Whatever comes of it, `remove` is called afterwards. */
  restore(drillId: string, label: string, signal: AbortSignal): Promise<Restored>;
  /** Ends what still runs for a drill and removes what it has left. */
  remove(drillId: string): Promise<void>;
  /** The last twelve digits of the ids of the drills of which something is left. */
  leftovers(): Promise<string[]>;
}

/** A restored cluster that has opened itself. */
export interface Restored {
  /** The database that holds the schemas of Gatehouse. */
  readonly db: Database;
  /** The errors in its log. */
  errors(): string;
  close(): Promise<void>;
}

export interface RestoresOptions {
  readonly pgBackRest: PgBackRest;
  /** Where directories for drills are made; undefined when nobody has said. */
  readonly root: string | undefined;
  /** Folder of the server's programs; undefined to look for it. */
  readonly postgresFolder: string | undefined;
  readonly database: string;
  /** Most milliseconds for replaying the WAL. */
  readonly replayTimeoutMs: number;
}

/** For one statement: counting a large table takes long. */
const STATEMENT_TIMEOUT_MS = 10 * 60_000;
const CONNECT_TIMEOUT_MS = 10_000;

export function openRestores(options: RestoresOptions): Restores {
  const { pgBackRest, root, database, replayTimeoutMs } = options;
  const { launch } = pgBackRest;
  const known = () => {
    if (root === undefined) throw new Error('There is no scratch directory.');
    return root;
  };
  return {
    whyNot: async () => (await pgBackRest.whyNot()) ?? (await whyNotInto(root, pgBackRest)),
    async restore(drillId, label, signal) {
      const { databaseUser = launch.account.name, secrets } = await pgBackRest.settings();
      const directory = await makeScratch(known(), drillId, launch.account, databaseUser).catch(scratchFailed);
      await pgBackRest.restore(label, directory, signal);
      const server = await startScratchPostgres({
        file: await findPostgres(directory.data, options.postgresFolder, launch, signal),
        launch,
        directory,
        fetchSegment: pgBackRest.fetchSegment(directory),
        timeoutMs: replayTimeoutMs,
        signal,
        secrets,
      });
      const db = openDatabase({
        url: socketUrl(databaseUser, database, server.port, directory.sockets),
        applicationName: 'gatehouse-restore-drill',
        maxConnections: 1,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        acquireTimeoutMs: CONNECT_TIMEOUT_MS,
        statementTimeoutMs: STATEMENT_TIMEOUT_MS,
        logger: silentLogger,
      });
      return {
        db: db.within({ signal }),
        errors: server.errors,
        close: async () => {
          await db.close();
          await server.stop();
        },
      };
    },
    remove: async (drillId) => {
      if (root !== undefined) await removeScratch(root, drillId);
    },
    leftovers: async () => (root === undefined ? [] : await listScratch(root)),
  };
}

function scratchFailed(error: Error): never {
  const message = `The directory for the restore can't be made: ${error.message}`;
  throw new Failure('precondition', 'SCRATCH_FAILED', message, { cause: error });
}

async function whyNotInto(root: string | undefined, pgBackRest: PgBackRest): Promise<string | undefined> {
  if (root === undefined) return 'GATEHOUSE_OPS_SCRATCH_DIRECTORY, where drills restore to, is not set.';
  const { dataDirectories } = await pgBackRest.settings();
  for (const dataDirectory of dataDirectories) {
    if (isInside(await real(root), await real(dataDirectory))) {
      return 'GATEHOUSE_OPS_SCRATCH_DIRECTORY lies in the data directory of the cluster.';
    }
  }
  return undefined;
}

/** The path without links, as far as it exists. */
async function real(path: string): Promise<string> {
  const absolute = resolve(path);
  const parent = dirname(absolute);
  return await realpath(absolute).catch(async () =>
    parent === absolute ? absolute : join(await real(parent), basename(absolute)),
  );
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

function socketUrl(user: string, database: string, port: number, directory: string): string {
  const at = `localhost:${port}/${encodeURIComponent(database)}`;
  return `postgres://${encodeURIComponent(user)}@${at}?host=${encodeURIComponent(directory)}`;
}
