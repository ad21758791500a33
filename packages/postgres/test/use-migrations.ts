import { afterEach, beforeEach } from 'vitest';
import { migrate } from '../src/index.ts';
import { type MigrationsFolder, migrationsFolder } from './migrations-folder.ts';
import { rowsOf, runOnce } from './scratch-database.ts';
import { useScratch } from './use-scratch.ts';

/** An empty schema `demo` and a folder with two migrations for it, new for each test. */
export interface UsedMigrations {
  readonly url: string;
  readonly folder: MigrationsFolder;
  run(options?: { lockWaitMs?: number }): Promise<{ applied: string[] }>;
  /** The names of the schema's tables, sorted. */
  tables(): Promise<string[]>;
}

/** Makes them before each test of the file. */
export function useMigrations(): UsedMigrations {
  const used = useScratch();
  let folder: MigrationsFolder;
  beforeEach(async () => {
    folder = await migrationsFolder({
      '0001_create_a.sql': 'create table demo.a (id integer primary key);',
      '0002_create_b.sql': 'create table demo.b (a integer references demo.a);\ninsert into demo.a values (1);',
    });
    await runOnce(used.url, 'create schema demo');
  });
  afterEach(async () => {
    await folder[Symbol.asyncDispose]();
    await runOnce(used.url, 'drop schema if exists demo cascade');
  });
  return {
    get url() {
      return used.url;
    },
    get folder() {
      return folder;
    },
    run: (options = {}) => migrate({ ownerUrl: used.url, schema: 'demo', directory: folder.directory, ...options }),
    tables: async () => {
      const rows = await rowsOf<{ name: string }>(
        used.url,
        `select tablename::text as name from pg_tables where schemaname = 'demo' order by 1`,
      );
      return rows.map(({ name }) => name);
    },
  };
}
