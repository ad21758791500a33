/** An SQL text under a name, and the type of the rows that it returns. */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Only for the type checker: a statement has no row. */
  readonly row?: Row;
}

/** Postgres cuts longer names off, and two that are alike up to there would become one. */
const NAME_LENGTH_MAX = 63;
const NAME = /^[a-z][a-z0-9]*([._-][a-z0-9]+)*$/;

const defined = new Map<string, Statement<object>>();

/**
 * Defines a statement that each connection prepares once, under a name such as `session.find-session`. The name stays
 * the same from one process to the next, as PgBouncer in transaction mode and pg_stat_statements want it, and belongs to
 * one text: a connection refuses a second one. Throws when the name is malformed or longer than 63 characters.
 */
export function statement<Row extends object = Record<string, never>>(name: string, text: string): Statement<Row> {
  if (!NAME.test(name) || name.length > NAME_LENGTH_MAX) {
    throw new Error(`"${name}" is no name of a statement: lower case, like session.find-session, at most 63 long.`);
  }
  const made: Statement<Row> = { name, text };
  defined.set(`${name} ${text}`, made);
  return made;
}

/** Every statement that the modules loaded so far define, for a test that prepares them against the real schema. */
export function definedStatements(): readonly Statement<object>[] {
  return [...defined.values()];
}
