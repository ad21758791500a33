import pg from 'pg';
import { columnTypes } from './column-types.ts';
import type { Query, Result } from './connection.ts';

/** What came of a query of a group. */
export type Answer = { readonly result: Result<object> } | { readonly error: Error };

/** pg's connection, as far as a group uses it: `more` of its types is an argument that it no longer has. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  /** Texts of the prepared statements that the server has confirmed, and of those that it has been sent. */
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
  parse(message: { name: string; text: string }): void;
  bind(message: { statement: string; values: readonly unknown[]; valueMapper: (value: unknown) => unknown }): void;
  describe(message: { type: 'P' }): void;
  execute(message: object): void;
  sync(): void;
}

interface Field {
  readonly name: string;
  readonly dataTypeID: number;
  readonly format: 'text' | 'binary';
}

interface Member {
  readonly query: Query;
  readonly rows: object[];
  columns: readonly { readonly name: string; readonly parse: (text: string) => unknown }[];
  command: string;
  /** Why a row could not be read. */
  unreadable: Error | undefined;
}

/** pg exports it and has no type for it. */
const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils;

/**
 * Queries that are sent together and answered one after the other, with one Sync at the end: after an error Postgres skips
 * the rest (Frontend/Backend Protocol, Pipelining), and that error is then the answer to each of those too. pg hands it the
 * messages of the server from when it is submitted until Postgres is ready for the next query.
 */
export class QueryGroup {
  readonly #members: readonly Member[];
  readonly #onAnswered: (answers: readonly Answer[]) => void;
  /** Which of them is being answered. */
  #at = 0;
  /** Why one could not be sent, and those behind it were not. */
  #unsent: Error | undefined;

  constructor(queries: readonly Query[], onAnswered: (answers: readonly Answer[]) => void) {
    this.#members = queries.map((query) => ({ query, rows: [], columns: [], command: '', unreadable: undefined }));
    this.#onAnswered = onAnswered;
  }

  /** Of the query that is being answered: pg notes under it what the server has prepared. */
  get name(): string {
    return this.#member?.query.name ?? '';
  }

  get text(): string {
    return this.#member?.query.text ?? '';
  }

  get #member(): Member | undefined {
    return this.#members[this.#at];
  }

  submit(connection: unknown): void {
    const wire = connection as Wire;
    wire.stream.cork();
    try {
      for (const { query } of this.#members) write(wire, query);
    } catch (error) {
      this.#unsent = toError(error);
    } finally {
      wire.sync();
      wire.stream.uncork();
    }
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    const member = this.#member;
    if (!member) return;
    member.columns = fields.map(({ name, dataTypeID, format }) => ({
      name,
      parse: columnTypes.getTypeParser(dataTypeID, format) as (text: string) => unknown,
    }));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const member = this.#member;
    if (!member) return;
    const row: Record<string, unknown> = {};
    try {
      member.columns.forEach(({ name, parse }, index) => {
        const text = fields[index] ?? null;
        row[name] = text === null ? null : parse(text);
      });
    } catch (error) {
      member.unreadable ??= toError(error);
    }
    member.rows.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const member = this.#member;
    if (member) member.command = text.split(' ', 1)[0] ?? '';
    this.#at += 1;
  }

  handleEmptyQuery(): void {
    this.#at += 1;
  }

  handleError(error: Error, connection: unknown): void {
    const { submittedNamedStatements } = connection as Wire;
    // What the server skipped it has not prepared.
    for (const { query } of this.#members.slice(this.#at)) {
      if (query.name !== undefined) delete submittedNamedStatements[query.name];
    }
    this.#onAnswered(this.#members.map((member, index) => (index < this.#at ? answerOf(member) : { error })));
  }

  handleReadyForQuery(connection: unknown): void {
    if (this.#unsent) this.handleError(this.#unsent, connection);
    else this.#onAnswered(this.#members.map(answerOf));
  }

  /** No query of ours is read page by page, or copies. */
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}

function answerOf({ rows, command, unreadable }: Member): Answer {
  return unreadable ? { error: unreadable } : { result: { command, rows } };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function write(wire: Wire, { name = '', text, values = [] }: Query): void {
  const known = name === '' ? undefined : (wire.parsedStatements[name] ?? wire.submittedNamedStatements[name]);
  if (known !== undefined && known !== text) throw new Error(`"${name}" is prepared already, with another text.`);
  if (known === undefined) {
    wire.parse({ name, text });
    if (name !== '') wire.submittedNamedStatements[name] = text;
  }
  wire.bind({ statement: name, values, valueMapper: prepareValue });
  wire.describe({ type: 'P' });
  wire.execute({});
}
