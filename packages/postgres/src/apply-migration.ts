import { setTimeout as delay } from 'node:timers/promises';
import { Failure, isFailure } from '@gatehouse/failure';
import pg from 'pg';
import type { Connection } from './connection.ts';
import { codeOf, translate } from './errors.ts';
import type { Migration } from './migration-files.ts';
import { splitStatements } from './split-statements.ts';

/** A migration that waits for a lock holds up everybody who comes after it, so it waits briefly and tries again. */
const LOCK_TIMEOUT_MS = 5_000;
const LOCK_ATTEMPTS = 3;
const LOCK_PAUSE_MS = 1_000;
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';

/** Runs one migration and notes it. Rejects with Failure `precondition`, MIGRATION_FAILED, that names it. */
export async function applyMigration(connection: Connection, schema: string, migration: Migration): Promise<void> {
  const run = migration.isTransactional ? runInTransaction : runStatements;
  for (let attempts = 1; ; attempts += 1) {
    try {
      await connection.send({ text: `set search_path = ${schema}; set lock_timeout = ${LOCK_TIMEOUT_MS}` });
      await run(connection, schema, migration);
      return;
    } catch (error) {
      if (connection.inTransaction) await connection.send({ text: 'rollback' }).catch(connection.destroy);
      if (!isLockTrouble(error) || attempts >= LOCK_ATTEMPTS) throw failed(migration, error);
    }
    await delay(LOCK_PAUSE_MS);
  }
}

async function runInTransaction(connection: Connection, schema: string, migration: Migration): Promise<void> {
  await connection.send({ text: 'begin' });
  // Must come first: whoever gets past the lock by mistake fails here, before anything is changed twice.
  await note(connection, schema, migration);
  await connection.send({ text: migration.text });
  if (!connection.inTransaction) throw new Error('it ends its own transaction');
  await connection.send({ text: 'commit' });
}

/** Noted last: what was cut short runs again, so such a file must be one that can. */
async function runStatements(connection: Connection, schema: string, migration: Migration): Promise<void> {
  for (const text of splitStatements(migration.text)) await connection.send({ text });
  await note(connection, schema, migration);
}

async function note(connection: Connection, schema: string, { name, checksum }: Migration): Promise<void> {
  await connection.send({
    text: `insert into ${schema}.schema_migrations (name, checksum) values ($1::text, $2::text)`,
    values: [name, checksum],
  });
}

function isLockTrouble(error: unknown): boolean {
  return codeOf(error) === LOCK_NOT_AVAILABLE || codeOf(error) === DEADLOCK;
}

function failed(migration: Migration, error: unknown): unknown {
  const translated = translate(error, migration.name);
  if (isFailure(translated)) return translated;
  const message = error instanceof Error ? error.message : String(error);
  return new Failure('precondition', 'MIGRATION_FAILED', `${migration.name}${lineOf(migration, error)}: ${message}`, {
    metadata: { migration: migration.name },
    cause: error,
  });
}

function lineOf(migration: Migration, error: unknown): string {
  if (!migration.isTransactional || !(error instanceof pg.DatabaseError) || !error.position) return '';
  return ` line ${migration.text.slice(0, Number(error.position)).split('\n').length}`;
}
