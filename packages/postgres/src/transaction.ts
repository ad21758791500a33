import { untilAborted } from './abort.ts';
import type { Connection } from './connection.ts';
import { isTransient, translate } from './errors.ts';
import { type Execution, execute } from './execute.ts';
import type { Transaction } from './queryable.ts';
import type { Statement } from './statement.ts';

interface OpenTransaction {
  readonly handle: Transaction;
  /** The first error of a statement: Postgres commits nothing after one, even if the caller went on. */
  readonly failure: unknown;
  readonly afterCommit: readonly (() => void)[];
  /** From here on the handle refuses statements: the connection is somebody else's. */
  end(): void;
}

/** Runs `work` in one transaction, once: commits if it resolves, rolls back and rethrows if it rejects. */
export async function runTransaction<T>(execution: Execution, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const { pool, signal } = execution;
  const connection = await pool.acquire(signal);
  const transaction = openTransaction(execution, connection);
  let result: T;
  try {
    await connection.send({ text: 'begin isolation level read committed' }, signal);
    result = await untilAborted(work(transaction.handle), signal);
  } catch (error) {
    transaction.end();
    const undone = rollback(connection).finally(() => pool.release(connection));
    // An aborted caller is told at once; the statement may take a moment to stop.
    if (signal?.aborted) throw translate(error, 'transaction');
    await undone;
    throw isTransient(transaction.failure) ? transaction.failure : translate(error, 'transaction');
  }
  transaction.end();
  await untilAborted(commit(execution, connection, transaction), signal);
  return result;
}

function openTransaction(execution: Execution, connection: Connection): OpenTransaction {
  const afterCommit: (() => void)[] = [];
  let isOver = false;
  let failure: unknown;
  let last: Promise<unknown> = Promise.resolve();

  const run = async <Row extends object>(statement: Statement<Row>, values: readonly unknown[]) => {
    await last.catch(() => {});
    if (isOver) throw new Error(`${statement.name} came after the end of its transaction.`);
    try {
      return await execute(execution, connection, statement, values);
    } catch (error) {
      failure ??= error;
      throw error;
    }
  };

  return {
    handle: {
      // One at a time: a connection answers in order, and an abort must know which statement runs.
      query: (statement, values = []) => {
        const answer = run(statement, values);
        last = answer;
        return answer;
      },
      afterCommit: (work) => {
        afterCommit.push(work);
      },
    },
    get failure() {
      return failure;
    },
    afterCommit,
    end: () => {
      isOver = true;
    },
  };
}

/**
 * A commit is never cancelled, since it may have taken effect: the caller that was aborted has left, and what was to
 * follow the commit still follows. If the connection breaks meanwhile nobody knows, and the caller is told `unavailable`.
 */
async function commit(
  { pool, logger }: Execution,
  connection: Connection,
  transaction: OpenTransaction,
): Promise<void> {
  try {
    const { command } = await connection.send({ text: 'commit' });
    if (command !== 'COMMIT') throw transaction.failure ?? new Error('Postgres rolled the transaction back.');
  } catch (error) {
    throw translate(error, 'commit');
  } finally {
    pool.release(connection);
  }
  for (const work of transaction.afterCommit) {
    try {
      work();
    } catch (error) {
      logger.error({ err: error }, 'what was to follow a commit failed');
    }
  }
}

async function rollback(connection: Connection): Promise<void> {
  await connection.recovery;
  if (!connection.usable) return;
  await connection.send({ text: 'rollback' }).catch(connection.destroy);
}
