import type { ForeignKey, Table } from './catalog.ts';
import { type MigratedSchema, type MigratedSchemas, readMigratedSchemas } from './migrated-schemas.ts';
import type { Problem } from './problem.ts';
import { type Distribution, parseTableComment } from './table-comment.ts';
import { tableProblem } from './table-source.ts';

/** Kept by the migration runner for itself, on every node; it carries no comment. */
const RUNNERS_TABLE = 'schema_migrations';

/**
 * Checks the rules that let a schema be spread over nodes by the columns that the comments of its tables declare.
 * Migrates the services itself when it is not given their schemas.
 */
export async function checkSchemaRules(root: string, migrated?: MigratedSchemas): Promise<Problem[]> {
  const { schemas, failures } = migrated ?? (await readMigratedSchemas(root));
  const broken = schemas.flatMap(schemaProblems);
  const problems = broken.map(({ service, table, message }) => tableProblem(root, service, table, message));
  return [...failures, ...(await Promise.all(problems))];
}

interface BrokenRule {
  readonly service: string;
  readonly table: string;
  readonly message: string;
}

type Distributions = ReadonlyMap<string, Distribution | undefined>;

function schemaProblems({ service, tables }: MigratedSchema): BrokenRule[] {
  const distributions = new Map(tables.map((table) => [table.name, distributionOf(table)]));
  return tables.flatMap((table) =>
    [
      ...declarationProblems(table, distributions.get(table.name)),
      ...timeProblems(table),
      ...table.foreignKeys.flatMap((key) => foreignKeyProblems(service, table, key, distributions)),
      ...distributedProblems(table, distributions.get(table.name)),
    ].map((message) => ({ service, table: table.name, message })),
  );
}

function distributionOf(table: Table): Distribution | undefined {
  return table.name === RUNNERS_TABLE ? { kind: 'local' } : parseTableComment(table.comment ?? '').distribution;
}

function declarationProblems(table: Table, distribution: Distribution | undefined): string[] {
  if (distribution === undefined) {
    return ['has no comment that begins with "distributed by <column>;", "reference;" or "local;"'];
  }
  if (table.name === 'outbox' && distribution.kind !== 'local') return ['is an outbox, which is local'];
  if (distribution.kind !== 'distributed') return [];
  const column = table.columns.find(({ name }) => name === distribution.column);
  if (column === undefined) return [`is distributed by ${distribution.column}, which is none of its columns`];
  return column.required ? [] : [`is distributed by ${distribution.column}, which may be null`];
}

function timeProblems(table: Table): string[] {
  return table.columns
    .filter(({ zoneless }) => zoneless)
    .map(({ name, type }) => `has the time ${name} as ${type}; a time is timestamptz`);
}

/** What only concerns tables whose rows are spread over nodes, where nothing sees all of them at once. */
function distributedProblems(table: Table, distribution: Distribution | undefined): string[] {
  if (distribution?.kind !== 'distributed') return [];
  const { column } = distribution;
  return [
    ...table.uniqueKeys
      .filter(({ columns }) => !columns.includes(column))
      .map(({ name }) => `has the unique key ${name} without ${column}, by which it is distributed`),
    ...table.foreignKeys
      .filter(({ changedColumns }) => changedColumns.includes(column))
      .map(({ name }) => `lets the foreign key ${name} change ${column}, by which it is distributed`),
    ...table.columns.filter(({ counted }) => counted).map(({ name }) => `counts ${name} with a sequence`),
    ...table.triggers.map((name) => `is distributed and has the trigger ${name}`),
    ...table.rules.map((name) => `is distributed and has the rule ${name}`),
  ];
}

function foreignKeyProblems(service: string, table: Table, key: ForeignKey, distributions: Distributions): string[] {
  if (key.targetSchema !== service) return [`has the foreign key ${key.name} into the schema ${key.targetSchema}`];
  const from = distributions.get(table.name);
  const to = distributions.get(key.targetTable);
  if (from === undefined || to === undefined || to.kind === 'reference') return [];
  const described = `has the foreign key ${key.name}`;
  if (from.kind !== to.kind) return [`${described} from a ${from.kind} table to a ${to.kind} one`];
  if (from.kind !== 'distributed' || to.kind !== 'distributed') return [];
  const paired = key.columns.some((name, index) => name === from.column && key.targetColumns[index] === to.column);
  return paired ? [] : [`${described} that does not pair ${from.column} with ${key.targetTable}.${to.column}`];
}
