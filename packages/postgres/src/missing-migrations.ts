import { codeOf } from './errors.ts';
import { migrationNames } from './migration-files.ts';
import { perSchema } from './per-schema.ts';
import type { Queryable } from './queryable.ts';
import { statement } from './statement.ts';

/** No table, no schema, or no right to look into it yet: nothing that the application could use was applied. */
const NOTHING_APPLIED = ['42P01', '3F000', '42501'];

/** The schemas that were found complete through each database. */
const complete = new WeakMap<Queryable, Set<string>>();

/**
 * The names of the migrations that a directory has and the schema has not, for readiness. Asks Postgres once per call,
 * and not again once nothing is missing: a schema only goes forward.
 */
export async function missingMigrations(
  db: Queryable,
  { schema, directory }: { schema: string; directory: string },
): Promise<string[]> {
  const known = complete.get(db) ?? new Set<string>();
  const key = `${schema} ${directory}`;
  if (known.has(key)) return [];
  const applied = new Set(await findAppliedNames(db, schema));
  const missing = (await migrationNames(directory)).filter((name) => !applied.has(name));
  if (missing.length === 0) complete.set(db, known.add(key));
  return missing;
}

async function findAppliedNames(db: Queryable, schema: string): Promise<string[]> {
  try {
    return (await db.query(findApplied(schema))).map(({ name }) => name);
  } catch (error) {
    if (NOTHING_APPLIED.includes(codeOf(error) ?? '')) return [];
    throw error;
  }
}

const findApplied = perSchema((schema) =>
  statement<{ name: string }>(`${schema}.find-applied-migrations`, `select name from ${schema}.schema_migrations`),
);
