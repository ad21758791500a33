import { Failure } from '@gatehouse/failure';
import { type Migration, numberOf } from './migration-files.ts';

/** A row of schema_migrations. */
export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
}

/**
 * The migrations that are still to run. What was applied but is not among the files is fine: a newer version did it, and
 * old code lives with a newer schema. Throws Failure `precondition` for a file that was changed after it was applied
 * (MIGRATION_CHANGED), and for one that would run after a later one (MIGRATION_OUT_OF_ORDER).
 */
export function pendingMigrations(files: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  for (const { name, checksum } of files) {
    if (checksums.has(name) && checksums.get(name) !== checksum) {
      throw precondition('MIGRATION_CHANGED', name, `${name} was changed after it was applied.`);
    }
  }
  const pending = files.filter(({ name }) => !checksums.has(name));
  const last = [...checksums.keys()].sort().at(-1) ?? '';
  for (const { name } of pending) {
    if (numberOf(name) <= numberOf(last)) {
      throw precondition('MIGRATION_OUT_OF_ORDER', name, `${name} is not applied, but ${last} is.`);
    }
  }
  return pending;
}

function precondition(reason: string, migration: string, message: string): Failure {
  return new Failure('precondition', reason, message, { metadata: { migration } });
}
