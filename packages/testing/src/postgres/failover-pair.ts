import { databaseByWayOf } from '../by-way-of.ts';
import { query } from '../sql.ts';
import { startTcpProxy, type TcpProxy } from '../tcp-proxy.ts';
import type { TestDatabase } from '../test-database.ts';
import { waitFor } from '../wait-for.ts';
import { privateDatabase } from './private-database.ts';
import { startPostgres } from './start-postgres.ts';
import { startStandby } from './start-standby.ts';

/** A primary with the schema of a service, a standby of it, and a door through which the service reaches whichever leads. */
export interface FailoverPair extends AsyncDisposable {
  /** As the service reaches it; `adminUrl` is that of the first primary. */
  readonly database: TestDatabase;
  /** URL of the superuser at the standby. */
  readonly standbyUrl: string;
  /** Between the primary and its standby. */
  readonly link: TcpProxy;
  /** From now on nothing is acknowledged that the standby has not got. */
  synchronise(): Promise<void>;
  /** Whether the standby has replayed everything that was committed. */
  standbyHasAll(): Promise<boolean>;
  /** The primary dies without a word. Connections end, and nobody answers at the door. */
  killPrimary(): Promise<void>;
  /** The standby takes over, and the door leads to it. */
  promote(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both. It takes Postgres binaries on this machine: `describeWith('postgres', …)`. */
export async function startFailoverPair(service: string): Promise<FailoverPair> {
  const primary = await startPostgres({ settings: { wal_keep_size: '64MB' } });
  const database = await privateDatabase(service, primary);
  const [link, door] = await Promise.all([
    startTcpProxy({ target: { port: primary.port } }),
    startTcpProxy({ target: { port: primary.port } }),
  ]);
  const standby = await startStandby(primary, { primaryPort: link.port });
  const stop = async () => {
    await Promise.all([door.stop(), link.stop()]);
    await Promise.all([primary.stop('immediate'), standby.stop('immediate')]);
  };
  const replication = async <Row extends object>(columns: string): Promise<Row | undefined> =>
    (await query<Row>(primary.adminUrl, `select ${columns} from pg_stat_replication`))[0];
  return {
    database: databaseByWayOf(door, database),
    standbyUrl: standby.adminUrl,
    link,
    async synchronise() {
      await query(primary.adminUrl, `alter system set synchronous_standby_names = '*'`);
      await query(primary.adminUrl, 'select pg_reload_conf()');
      await waitFor(async () => (await replication<{ state: string }>('sync_state as state'))?.state === 'sync');
    },
    standbyHasAll: async () =>
      (await replication<{ all: boolean }>('bool_and(replay_lsn = pg_current_wal_lsn()) as "all"'))?.all === true,
    killPrimary: () => primary.kill(),
    async promote() {
      await standby.promote();
      door.redirect({ port: standby.port });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
