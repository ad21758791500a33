import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Daemon } from '../daemon.ts';
import { dataHome, temporaryHome } from '../data-home.ts';
import { freePort } from '../free-port.ts';
import { type OsUser, storeUser } from '../os-user.ts';
import { retryPortTaken } from '../port-taken.ts';
import { rememberStore } from '../started-stores.ts';
import { type Cluster, prepareCluster } from './cluster.ts';
import { configurePgBackRest, type PgBackRest } from './pgbackrest.ts';
import { startPostmaster } from './postmaster.ts';
import { fitsSocket, serverArguments } from './settings.ts';
import type { PostgresInstance, PostgresOptions } from './start-postgres.ts';

/** A fast stop waits for the archiver and for clients to be told; after this it becomes immediate. */
const FAST_STOP_TIMEOUT_MS = 10_000;
const IMMEDIATE_STOP_TIMEOUT_MS = 5000;

/** Starts Postgres from the binaries on this machine. */
export async function startLocalPostgres(options: PostgresOptions): Promise<PostgresInstance> {
  const user = storeUser();
  const temporary = options.dataDirectory === undefined ? makeTemporary(user) : undefined;
  const dataDirectory =
    temporary === undefined ? reachable(options.dataDirectory as string, user) : join(temporary, 'data');
  const socketHome = fitsSocket(dataDirectory) ? undefined : makeTemporary(user);
  const places: Places = { user, temporary, socketHome, socketDirectory: socketHome ?? dataDirectory };
  try {
    const cluster = await prepareCluster(dataDirectory, user);
    return await run(cluster, places, options);
  } catch (error) {
    removeTemporary(places);
    throw error;
  }
}

interface Places {
  readonly user: OsUser | undefined;
  /** Holds everything when nothing is to be kept. */
  readonly temporary: string | undefined;
  /** Holds the socket when the path of the data is too long for one. */
  readonly socketHome: string | undefined;
  readonly socketDirectory: string;
}

interface Running {
  readonly daemon: Daemon;
  readonly port: number;
  readonly pgBackRest: PgBackRest | undefined;
}

async function run(cluster: Cluster, places: Places, options: PostgresOptions): Promise<PostgresInstance> {
  let running = await retryPortTaken(async () => startOn(await freePort(options.port), cluster, places, options));
  const { port, pgBackRest } = running;
  let paused = false;
  let stopped: Promise<void> | undefined;

  const end = async (mode: 'fast' | 'immediate') => {
    const { daemon } = running;
    if (paused) daemon.resume();
    paused = false;
    const ended =
      (mode === 'fast' && (await daemon.stop('SIGINT', FAST_STOP_TIMEOUT_MS))) ||
      (await daemon.stop('SIGQUIT', IMMEDIATE_STOP_TIMEOUT_MS));
    if (!ended) await daemon.kill();
    await daemon.release();
    await pgBackRest?.stopBackground();
  };
  const instance: PostgresInstance = {
    adminUrl: `postgres://postgres:${cluster.adminPassword}@127.0.0.1:${port}/postgres`,
    port,
    dataDirectory: cluster.dataDirectory,
    pgBackRest,
    get running() {
      return !paused && running.daemon.running();
    },
    stop: (mode = 'fast') => {
      stopped ??= end(mode).finally(() => {
        removeTemporary(places);
        forget();
      });
      return stopped;
    },
    kill: async () => {
      paused = false;
      await running.daemon.kill();
    },
    restart: async () => {
      if (stopped !== undefined) throw new Error('This Postgres has been stopped for good.');
      await end('fast');
      running = await startOn(port, cluster, places, options);
    },
    pause: async () => {
      paused = true;
      running.daemon.pause();
    },
    resume: async () => {
      paused = false;
      running.daemon.resume();
    },
    [Symbol.asyncDispose]: () => instance.stop(),
  };
  const forget = rememberStore({ name: `Postgres on port ${port}`, stop: () => instance.stop('immediate') });
  return instance;
}

async function startOn(port: number, cluster: Cluster, places: Places, options: PostgresOptions): Promise<Running> {
  const { socketDirectory, user, temporary } = places;
  const { binaries, dataDirectory } = cluster;
  const pgBackRest = options.archive ? configurePgBackRest({ dataDirectory, socketDirectory, port, user }) : undefined;
  const args = serverArguments(dataDirectory, {
    port,
    socketDirectory,
    durable: options.durable ?? false,
    archiveCommand: pgBackRest?.archiveCommand,
    extra: options.settings ?? {},
  });
  const daemon = await startPostmaster({ binaries, dataDirectory, args, user, removeOnOrphan: temporary });
  try {
    // Does nothing when the stanza is there already.
    await pgBackRest?.run(['stanza-create']);
  } catch (error) {
    await daemon.kill();
    await daemon.release();
    throw error;
  }
  return { daemon, port, pgBackRest };
}

/** The folder asked for, or one elsewhere when the server's account can't get to it. */
function reachable(dataDirectory: string, user: OsUser | undefined): string {
  return join(dataHome(dirname(dataDirectory), user), basename(dataDirectory));
}

function makeTemporary(user: OsUser | undefined): string {
  const directory = mkdtempSync(join(temporaryHome(user), 'gatehouse-postgres-'));
  if (user !== undefined) chownSync(directory, user.uid, user.gid);
  return directory;
}

function removeTemporary({ temporary, socketHome }: Places): void {
  for (const directory of [temporary, socketHome]) {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
