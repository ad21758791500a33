import { query } from './sql.ts';
import type { TestDatabase } from './test-database.ts';

/** All that a service has stored, as text. */
export interface DatabaseDump {
  /** Where a text stands in it, as it is or in bytes: the tables, by their names. */
  tablesWith(text: string): string[];
}

/** Reads every row of a schema. */
export async function dumpDatabase(
  { adminUrl }: Pick<TestDatabase, 'adminUrl'>,
  schema: string,
): Promise<DatabaseDump> {
  const tables = await query<{ name: string }>(
    adminUrl,
    `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname = $1 order by 1`,
    [schema],
  );
  const dumped = new Map<string, string>();
  for (const { name } of tables) {
    // A row as text has bytes in hexadecimal.
    const rows = await query<{ row: string }>(adminUrl, `select t::text as row from ${name} t`);
    dumped.set(name, rows.map(({ row }) => row).join('\n'));
  }
  return {
    tablesWith(text) {
      const forms = [text, Buffer.from(text).toString('hex')];
      return [...dumped].filter(([, rows]) => forms.some((form) => rows.includes(form))).map(([name]) => name);
    },
  };
}
