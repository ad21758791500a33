import { untilAborted } from './abort.ts';
import type { Connection } from './connection.ts';
import { isTransient, translate } from './errors.ts';
import type { Execution } from './execute.ts';
import type { Transaction } from './queryable.ts';
import { type StatementQueue, statementQueue } from './statement-queue.ts';

/** Runs `work` in one transaction, once: commits if it resolves, rolls back and rethrows if it rejects. */
export async function runTransaction<T>(execution: Execution, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const { pool, signal } = execution;
  const connection = await pool.acquire(signal);
  const statements = statementQueue(execution, connection);
  const afterCommit: (() => void)[] = [];
  const handle: Transaction = {
    query: statements.query,
    defer: statements.defer,
    afterCommit: (each) => {
      afterCommit.push(each);
    },
  };
  let result: T;
  try {
    result = await untilAborted(work(handle), signal);
  } catch (error) {
    statements.end();
    const undone = (statements.hasBegun ? rollback(connection) : Promise.resolve()).finally(() =>
      pool.release(connection),
    );
    // An aborted caller is told at once; the statement may take a moment to stop.
    if (signal?.aborted) throw translate(error, 'transaction');
    await undone;
    throw isTransient(statements.failure) ? statements.failure : translate(error, 'transaction');
  }
  statements.end();
  await untilAborted(commit(execution, connection, statements, afterCommit), signal);
  return result;
}

/**
 * A commit is never cancelled, since it may have taken effect: the caller that was aborted has left, and what was to
 * follow the commit still follows. If the connection breaks meanwhile nobody knows, and the caller is told `unavailable`.
 */
async function commit(
  { pool, logger }: Execution,
  connection: Connection,
  statements: StatementQueue,
  afterCommit: readonly (() => void)[],
): Promise<void> {
  try {
    await statements.commit();
  } catch (error) {
    await rollback(connection);
    throw translate(statements.failure ?? error, 'commit');
  } finally {
    pool.release(connection);
  }
  for (const work of afterCommit) {
    try {
      work();
    } catch (error) {
      logger.error({ err: error }, 'what was to follow a commit failed');
    }
  }
}

/** Harmless when there is no transaction any more. */
async function rollback(connection: Connection): Promise<void> {
  await connection.recovery;
  if (!connection.usable) return;
  await connection.send({ text: 'rollback' }).catch(connection.destroy);
}
