import type { Logger, Registry } from '@gatehouse/process';
import { connect } from './connect.ts';
import { unavailable } from './errors.ts';
import { type Execution, execute } from './execute.ts';
import { databaseMetrics } from './metrics.ts';
import { createPool } from './pool.ts';
import type { Queryable, Transaction } from './queryable.ts';
import { withRetries } from './retry.ts';
import { type Statement, statement } from './statement.ts';
import { runTransaction } from './transaction.ts';
import { parseUrl, type Target } from './url.ts';

/** A Postgres database, over a pool of connections. */
export interface Database extends Queryable {
  /**
   * The same database for the length of a call. When its signal is aborted, what runs rejects at once, with the Failure
   * that it was aborted with (else `cancelled` or `deadline`), and is cancelled in Postgres.
   */
  within(call: { readonly signal: AbortSignal }): Database;
  /**
   * Runs `work` in a read-committed transaction, which commits when it resolves and rolls back when it rejects. It may
   * run up to TRANSACTION_ATTEMPTS times; past that rejects with Failure `conflict`, TRANSACTION_CONFLICT. `unavailable`
   * can also mean that the answer to the commit was lost.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Resolves when Postgres answers; rejects with Failure `unavailable` within PING_TIMEOUT_MS. */
  ping(): Promise<void>;
  /** Ends the pool; what still runs has five seconds to come back. */
  close(): Promise<void>;
}

/** Where the database is, and the limits of its use. */
export interface DatabaseOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** 10 when absent. */
  readonly maxConnections?: number;
  /** For opening one connection; 2 seconds when absent. */
  readonly connectTimeoutMs?: number;
  /** For getting one from the pool, opening it included; 2 seconds when absent. */
  readonly acquireTimeoutMs?: number;
  /** For one statement; 5 seconds when absent. */
  readonly statementTimeoutMs?: number;
  readonly logger: Logger;
  readonly registry?: Registry;
}

const MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 2_000;
const ACQUIRE_TIMEOUT_MS = 2_000;
const STATEMENT_TIMEOUT_MS = 5_000;
const PING_TIMEOUT_MS = 2_000;

const pingStatement = statement<{ one: number }>('postgres.ping', 'select 1 as one');

/**
 * Opens nothing yet: connections are made when they are needed. Throws when the URL is wrong. Through PgBouncer in
 * transaction mode: version 1.21 or later with `max_prepared_statements` above 0, and
 * `ignore_startup_parameters = statement_timeout, idle_in_transaction_session_timeout`, with `IntervalStyle` among its
 * `track_extra_parameters`, as it is by default.
 */
export function openDatabase(o: DatabaseOptions): Database {
  const pool = createPool({
    open: opener(parseUrl(o.url), o),
    maxConnections: o.maxConnections ?? MAX_CONNECTIONS,
    acquireTimeoutMs: o.acquireTimeoutMs ?? ACQUIRE_TIMEOUT_MS,
  });
  return databaseOver({ pool, metrics: databaseMetrics(o.registry, pool), logger: o.logger });
}

function databaseOver(execution: Execution): Database {
  return {
    query: (wanted, values = []) => runStatement(execution, wanted, values),
    within: ({ signal }) => databaseOver(until(execution, signal)),
    transaction: (work) => withRetries(execution, () => runTransaction(execution, work)),
    ping: async () => {
      const limit = AbortSignal.timeout(PING_TIMEOUT_MS);
      try {
        await runStatement(until(execution, limit), pingStatement, []);
      } catch (error) {
        throw limit.aborted ? unavailable('Postgres did not answer a ping in time.', error) : error;
      }
    },
    close: execution.pool.close,
  };
}

function until(execution: Execution, signal: AbortSignal): Execution {
  return { ...execution, signal: execution.signal ? AbortSignal.any([execution.signal, signal]) : signal };
}

function runStatement<Row extends object>(execution: Execution, wanted: Statement<Row>, values: readonly unknown[]) {
  return withRetries(execution, async () => {
    const connection = await execution.pool.acquire(execution.signal);
    try {
      return await execute(execution, connection, wanted, values);
    } finally {
      execution.pool.release(connection);
    }
  });
}

/** Says once when connections fail, and once when they are made again. */
function opener(
  target: Target,
  { logger, ...o }: DatabaseOptions,
): (signal: AbortSignal) => ReturnType<typeof connect> {
  const settings = {
    applicationName: o.applicationName,
    connectTimeoutMs: o.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    statementTimeoutMs: o.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
  };
  let isReachable = true;
  const noteReachable = (reachable: boolean, error?: unknown) => {
    if (reachable === isReachable) return;
    isReachable = reachable;
    if (reachable) logger.info('Postgres takes connections again');
    else logger.warn({ err: error }, 'Postgres does not take connections');
  };
  return async (signal) => {
    try {
      const connection = await connect(target, settings, signal);
      noteReachable(true);
      return connection;
    } catch (error) {
      if (!signal.aborted) noteReachable(false, error);
      throw error;
    }
  };
}
