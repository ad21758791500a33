import type { Connection, Query } from './connection.ts';
import { type Execution, statementFailed } from './execute.ts';
import type { Answer } from './query-group.ts';
import type { Transaction } from './queryable.ts';
import type { Statement } from './statement.ts';

/** The statements of one transaction, on their way to Postgres. */
export interface StatementQueue extends Pick<Transaction, 'query' | 'defer'> {
  /** The first error of a statement: nothing is committed after one, even if the caller went on. */
  readonly failure: unknown;
  /** Whether there is anything to roll back. */
  readonly hasBegun: boolean;
  /** From here on statements are refused: the connection is somebody else's. */
  end(): void;
  /** Sends what was deferred, and the commit, which nothing cancels. Rejects with the failure if there is one. */
  commit(): Promise<void>;
}

/** One that was not sent yet. Without `settle` nobody waits for it. */
interface Waiting {
  readonly query: Query & { readonly name: string };
  readonly settle?: (answer: Answer) => void;
}

const BEGIN: Query = { text: 'begin isolation level read committed' };
const COMMIT: Query = { text: 'commit' };

/**
 * Sends what is given in one turn of the event loop together, and what is given while that runs together after it; the first
 * are sent with the begin of the transaction. A round trip to Postgres costs more than most statements.
 */
export function statementQueue(execution: Execution, connection: Connection): StatementQueue {
  const waiting: Waiting[] = [];
  let hasBegun = false;
  let isSending = false;
  let isOver = false;
  let failure: unknown;

  const take = () => {
    const taken = waiting.splice(0);
    const queries = [...(hasBegun ? [] : [BEGIN]), ...taken.map(({ query }) => query)];
    hasBegun = true;
    return { taken, queries };
  };
  const settle = (taken: readonly Waiting[], answers: readonly Answer[], startedAtMs: number) => {
    // The one before them, if there is one, is the begin.
    const first = answers.length - taken.length;
    taken.forEach(({ query: { name }, settle: tell }, index) => {
      const answer = answers[first + index] ?? { error: new Error(`${name} was left unanswered.`) };
      if ('result' in answer) {
        execution.metrics.statementDone(name, startedAtMs, 'ok');
        tell?.(answer);
        return;
      }
      const error = statementFailed(execution, name, startedAtMs, answer.error);
      failure ??= error;
      tell?.({ error: error as Error });
    });
  };
  const sendWaiting = async () => {
    while (!isOver && waiting.some(({ settle: tell }) => tell)) {
      const { taken, queries } = take();
      const startedAtMs = performance.now();
      const answers = await connection
        .sendAll(queries, execution.signal)
        .catch((error: Error) => queries.map((): Answer => ({ error })));
      settle(taken, answers, startedAtMs);
    }
    isSending = false;
  };

  return {
    query: <Row extends object>({ name, text }: Statement<Row>, values: readonly unknown[] = []) =>
      new Promise<Row[]>((resolve, reject) => {
        if (isOver) {
          reject(afterTheEnd(name));
          return;
        }
        waiting.push({
          query: { name, text, values },
          settle: (answer) => ('result' in answer ? resolve(answer.result.rows as Row[]) : reject(answer.error)),
        });
        if (isSending) return;
        isSending = true;
        queueMicrotask(() => void sendWaiting());
      }),
    defer({ name, text }, values = []) {
      if (isOver) throw afterTheEnd(name);
      waiting.push({ query: { name, text, values } });
    },
    get failure() {
      return failure;
    },
    get hasBegun() {
      return hasBegun;
    },
    end() {
      isOver = true;
      for (const each of waiting.splice(0)) {
        if (each.settle) each.settle({ error: afterTheEnd(each.query.name) });
        else waiting.push(each);
      }
    },
    async commit() {
      if (failure !== undefined) throw failure;
      if (!hasBegun && waiting.length === 0) return;
      const { taken, queries } = take();
      const startedAtMs = performance.now();
      const answers = await connection.sendAll([...queries, COMMIT]);
      settle(taken, answers.slice(0, -1), startedAtMs);
      const last = answers.at(-1);
      if (!last || 'error' in last) throw last?.error ?? new Error('A commit was left unanswered.');
      // Whatever made Postgres roll back, such as a statement that did so by itself.
      if (last.result.command !== 'COMMIT') throw new Error('Postgres rolled the transaction back.');
    },
  };
}

function afterTheEnd(name: string): Error {
  return new Error(`${name} came after the end of its transaction.`);
}
