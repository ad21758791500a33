import { Failure } from '@gatehouse/failure';
import type { Logger } from '@gatehouse/process';
import { withAdvisoryLock } from './advisory-lock.ts';
import { applyMigration } from './apply-migration.ts';
import type { Connection } from './connection.ts';
import { identifier } from './identifier.ts';
import { readMigrations } from './migration-files.ts';
import { type AppliedMigration, pendingMigrations } from './pending-migrations.ts';
import { withSession } from './session.ts';

/** What to migrate. */
export interface MigrateOptions {
  /** Of the role that owns the schema. Straight to Postgres: the lock belongs to the session, which PgBouncer shares. */
  readonly ownerUrl: string;
  readonly schema: string;
  /** Of the `0001_create_users.sql` files. */
  readonly directory: string;
  /** How long another migration of the same schema may take; a minute when absent. */
  readonly lockWaitMs?: number;
  readonly logger?: Logger;
}

const LOCK_WAIT_MS = 60_000;
/** Building an index can take long. */
const STATEMENT_TIMEOUT_MS = 60 * 60_000;

/**
 * Brings a schema up to date: runs what its directory has and `<schema>.schema_migrations` has not, in order, each file
 * in a transaction of its own unless its first line is `-- gatehouse:no-transaction`. Returns the names of what it ran.
 * Rejects with Failure `precondition` (MIGRATION_CHANGED, MIGRATION_OUT_OF_ORDER, MIGRATION_FAILED, SCHEMA_MISSING),
 * `invalid` (MIGRATION_NAME) or `unavailable`; what was applied before then stays.
 */
export async function migrate(o: MigrateOptions): Promise<{ applied: string[] }> {
  const schema = identifier(o.schema);
  const files = await readMigrations(o.directory);
  const settings = { applicationName: `gatehouse-migrate-${schema}`, statementTimeoutMs: STATEMENT_TIMEOUT_MS };
  const applied: string[] = [];
  await withSession(o.ownerUrl, settings, async (connection) => {
    await withAdvisoryLock(connection, `migrate.${schema}`, o.lockWaitMs ?? LOCK_WAIT_MS, async () => {
      await prepareTable(connection, schema);
      for (const migration of pendingMigrations(files, await findApplied(connection, schema))) {
        await applyMigration(connection, schema, migration);
        applied.push(migration.name);
        o.logger?.info({ schema, migration: migration.name }, 'migration applied');
      }
    });
  });
  return { applied };
}

async function prepareTable(connection: Connection, schema: string): Promise<void> {
  const { rows } = await connection.send({
    text: 'select from pg_catalog.pg_namespace where nspname = $1::text',
    values: [schema],
  });
  if (rows.length === 0) throw new Failure('precondition', 'SCHEMA_MISSING', `There is no schema ${schema}.`);
  await connection.send({
    text: `create table if not exists ${schema}.schema_migrations (
      name text primary key,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`,
  });
}

async function findApplied(connection: Connection, schema: string): Promise<AppliedMigration[]> {
  const text = `select name, checksum from ${schema}.schema_migrations`;
  return (await connection.send<AppliedMigration>({ text })).rows;
}
