import type { Statement } from './statement.ts';

/** What runs statements. */
export interface Queryable {
  /**
   * Runs one statement and returns its rows. Rejects with Failure `unavailable` when Postgres can't be used, `conflict`
   * when the statement lost against others too often, and with pg's DatabaseError when Postgres refuses it.
   */
  query<Row extends object>(statement: Statement<Row>, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * Statements that take effect together or not at all. They run one at a time, in the order in which they were given; those
 * given before the answer to the first has come are sent together, and when one fails, those behind it fail with its error.
 */
export interface Transaction extends Queryable {
  /**
   * Gives a statement whose rows nobody needs. It is sent with the next one, or with the commit, and if it fails the
   * transaction does.
   */
  defer(statement: Statement<object>, values?: readonly unknown[]): void;
  /** Has `work` run once the transaction is committed, and never otherwise. What it throws is only logged. */
  afterCommit(work: () => void): void;
}
