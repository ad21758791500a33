import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@gatehouse/failure';

/** One forward step of a schema. */
export interface Migration {
  /** The file's name, such as `0001_create_users.sql`. */
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the file, in hex. */
  readonly checksum: string;
  readonly isTransactional: boolean;
}

const NAME = /^\d{4}_[a-z0-9]+(_[a-z0-9]+)*\.sql$/;
const NO_TRANSACTION = '-- gatehouse:no-transaction';

/** The migrations of a directory, in the order in which they run. Throws Failure `invalid` for a name that has none. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const names = await migrationNames(directory);
  return await Promise.all(names.map((name) => readMigration(directory, name)));
}

/** Only the names, in the same order. */
export async function migrationNames(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  names.forEach((name, index) => {
    if (!NAME.test(name)) {
      throw new Failure('invalid', 'MIGRATION_NAME', `${name} is not named like 0001_create_users.sql.`);
    }
    if (numberOf(name) === numberOf(names[index + 1] ?? '')) {
      throw new Failure('invalid', 'MIGRATION_NAME', `Two migrations have the number of ${name}.`);
    }
  });
  return names;
}

/** The digits that order a migration. */
export function numberOf(name: string): string {
  return name.slice(0, 4);
}

async function readMigration(directory: string, name: string): Promise<Migration> {
  const text = await readFile(join(directory, name), 'utf8');
  return {
    name,
    text,
    checksum: createHash('sha256').update(text).digest('hex'),
    isTransactional: text.split('\n', 1)[0]?.trim() !== NO_TRANSACTION,
  };
}
