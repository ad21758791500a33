import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { dumpSchema, openDatabase, provision } from '@gatehouse/postgres';
import { createLogger } from '@gatehouse/process';
import { startPostgres } from '@gatehouse/testing';
import { readTables, type Table } from './catalog.ts';
import type { Problem } from './problem.ts';
import { listFiles, listFolders } from './source-tree.ts';

/** The schema of one service after all its migrations. */
export interface MigratedSchema {
  readonly service: string;
  readonly tables: readonly Table[];
  /** What schema.sql of the service must say. */
  readonly dump: string;
}

/** The schemas of all services that have migrations, and what kept the others from being migrated. */
export interface MigratedSchemas {
  readonly schemas: readonly MigratedSchema[];
  readonly failures: readonly Problem[];
}

/** Migrates every service from nothing, in a Postgres that lives only as long as this takes. */
export async function readMigratedSchemas(root: string): Promise<MigratedSchemas> {
  await using postgres = await startPostgres();
  const schemas: MigratedSchema[] = [];
  const failures: Problem[] = [];
  for (const service of await listFolders(root, 'services')) {
    const directory = `services/${service}/migrations`;
    if ((await listFiles(root, directory)).length === 0) continue;
    try {
      schemas.push(await readMigratedSchema(postgres.adminUrl, service, join(root, directory)));
    } catch (error) {
      failures.push({ file: directory, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return { schemas, failures };
}

async function readMigratedSchema(adminUrl: string, service: string, directory: string): Promise<MigratedSchema> {
  const [ownerPassword, appPassword] = [randomPassword(), randomPassword()];
  const { ownerUrl } = await provision({ adminUrl, service, directory, ownerPassword, appPassword });
  const logger = createLogger({ service: 'tools', level: 'error', instance: 'check' });
  const db = openDatabase({ url: ownerUrl, applicationName: 'gatehouse-tools', logger });
  try {
    return {
      service,
      tables: await readTables(db, service),
      dump: await dumpSchema({ url: ownerUrl, schema: service }),
    };
  } finally {
    await db.close();
  }
}

function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}
