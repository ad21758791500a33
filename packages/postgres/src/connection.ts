import pg from 'pg';
import { abortFailure } from './abort.ts';
import { endsSession, unavailable } from './errors.ts';
import { startLimit } from './limit.ts';
import { type Answer, QueryGroup } from './query-group.ts';
import { stopStatement } from './stop-statement.ts';

/** A text to run. With a name it is prepared once for each connection; without one it may hold several statements. */
export interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** What Postgres answered to a query. */
export interface Result<Row> {
  /** The command's tag, such as `COMMIT`: Postgres may say ROLLBACK to a commit. */
  readonly command: string;
  readonly rows: Row[];
}

/** One session with Postgres. */
export interface Connection {
  /** False once it is broken or ended; that does not change back. */
  readonly usable: boolean;
  /** Whether the last answer left a transaction open. */
  readonly inTransaction: boolean;
  /** Resolves when an abandoned query has left the connection, clean or broken. Undefined when there is none. */
  readonly recovery: Promise<void> | undefined;
  /**
   * Runs one query; the one before must have been answered. Rejects with pg's DatabaseError when Postgres refuses it,
   * with Failure `unavailable` when there is no answer. An abort rejects at once and cancels what runs in Postgres.
   * `Row` is what the text's author says the columns are.
   */
  send<Row extends object>(query: Query, signal?: AbortSignal): Promise<Result<Row>>;
  /**
   * Runs queries that are sent together, in their order: an error is the answer to the query that met it and to those behind
   * it, which are not run. Rejects like `send` when there is no answer, and when it is aborted. The limit of an answer is that
   * of all of them.
   */
  sendAll(queries: readonly Query[], signal?: AbortSignal): Promise<readonly Answer[]>;
  onBroken(listener: () => void): void;
  /** Says goodbye; a server that does not react is left all the same. */
  end(): Promise<void>;
  /** Leaves without a word, even in the middle of a query. */
  destroy(): void;
}

const END_GRACE_MS = 500;

/** The session of a pg client. `requestCancel` asks the server to stop what it runs. */
export function connectionOver(
  client: pg.Client,
  answerTimeoutMs: number,
  requestCancel: (signal: AbortSignal) => Promise<void>,
): Connection {
  let usable = true;
  let recovery: Promise<void> | undefined;
  let onBroken = () => {};
  const broke = () => {
    usable = false;
    onBroken();
  };
  // Without a listener for errors, a connection that breaks while idle would end the process.
  client.on('error', broke);
  client.on('end', broke);

  const destroy = () => {
    broke();
    client.connection.stream.destroy();
  };

  const recover = async (left: Promise<void>) => {
    if (!(await stopStatement(left, requestCancel))) destroy();
    recovery = undefined;
  };

  /** Begins to wait for an answer. Returns what must be called once it has come. */
  const awaitAnswer = (reject: (error: unknown) => void, signal: AbortSignal | undefined) => {
    let onLeft = () => {};
    const answered = startLimit(answerTimeoutMs, () => {
      reject(unavailable('Postgres did not answer in time.'));
      destroy();
    });
    const onAbort = () => {
      if (signal) reject(abortFailure(signal));
      const left = new Promise<void>((done) => {
        onLeft = done;
      });
      recovery = recover(left);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    return () => {
      answered();
      signal?.removeEventListener('abort', onAbort);
      onLeft();
    };
  };

  const toCaller = (error: Error) => {
    if (endsSession(error)) destroy();
    return usable || error instanceof pg.DatabaseError ? error : unavailable('Postgres went away.', error);
  };

  const send = <Row extends object>(query: Query, signal?: AbortSignal) =>
    new Promise<Result<Row>>((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortFailure(signal));
        return;
      }
      const answered = awaitAnswer(reject, signal);
      void client.query(query as pg.QueryConfig, (error: Error | null | undefined, result: pg.QueryResult<Row>) => {
        answered();
        if (error) reject(toCaller(error));
        else resolve(result);
      });
    });

  const sendAll = (queries: readonly Query[], signal?: AbortSignal) =>
    new Promise<readonly Answer[]>((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortFailure(signal));
        return;
      }
      const answered = awaitAnswer(reject, signal);
      const group = new QueryGroup(queries, (answers) => {
        answered();
        resolve(answers.map((answer) => ('error' in answer ? { error: toCaller(answer.error) } : answer)));
      });
      client.query(group);
    });

  return {
    get usable() {
      return usable;
    },
    get inTransaction() {
      return client.getTransactionStatus() !== 'I';
    },
    get recovery() {
      return recovery;
    },
    send,
    sendAll,
    onBroken: (listener) => {
      onBroken = listener;
    },
    end: async () => {
      usable = false;
      const limit = setTimeout(destroy, END_GRACE_MS);
      await client.end();
      clearTimeout(limit);
    },
    destroy,
  };
}
