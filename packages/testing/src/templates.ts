import { createHmac } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { provision, scramVerifier } from '@gatehouse/postgres';
import { administer, quoteIdentifier, withDatabase } from './admin-database.ts';
import type { TestTemplate } from './test-stores.ts';

export interface TemplateOptions {
  readonly adminUrl: string;
  readonly service: string;
  /** Folder of the service's migrations. */
  readonly directory: string;
  /** Follows the template's name, for a server on which other runs have theirs. */
  readonly suffix?: string | undefined;
}

/** A test run logs in some ten thousand times, and nobody guesses the passwords of its servers. */
const SCRAM_ITERATIONS = 1;

/** The services that have migrations, with the folder of those. */
export function servicesWithMigrations(root: string): { service: string; directory: string }[] {
  return readdirSync(join(root, 'services'))
    .map((service) => ({ service, directory: join(root, 'services', service, 'migrations') }))
    .filter(({ directory }) => existsSync(directory) && readdirSync(directory).some((file) => file.endsWith('.sql')));
}

/** Makes a database, runs a service's migrations in it and closes it to connections, so that it can always be cloned. */
export async function makeTemplate({ adminUrl, service, directory, suffix }: TemplateOptions): Promise<TestTemplate> {
  const database = `gatehouse_template_${service}${suffix === undefined ? '' : `_${suffix}`}`;
  const quoted = quoteIdentifier(database);
  try {
    await administer(adminUrl, `create database ${quoted}`);
    const { ownerUrl, appUrl } = await provision({
      adminUrl: withDatabase(adminUrl, database),
      service,
      directory,
      ownerPassword: rolePassword(adminUrl, `gatehouse_${service}_owner`),
      appPassword: rolePassword(adminUrl, `gatehouse_${service}`),
    });
    await administer(adminUrl, `alter database ${quoted} with allow_connections false`);
    return { database, ownerUrl, appUrl };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}

/** Makes logging in by these URLs cheap, on a server that belongs to the run. The passwords stay the same. */
export async function makeLoginsCheap(adminUrl: string, urls: readonly string[]): Promise<void> {
  const statements = urls.map((url) => {
    const { username, password } = new URL(url);
    const verifier = scramVerifier(decodeURIComponent(password), SCRAM_ITERATIONS);
    return `alter role ${quoteIdentifier(decodeURIComponent(username))} password '${verifier}'`;
  });
  await administer(adminUrl, ...statements);
}

/** Removes a template from a server that outlives the run. */
export async function dropTemplate(adminUrl: string, template: TestTemplate): Promise<void> {
  if ('error' in template) return;
  await administer(adminUrl, `drop database if exists ${quoteIdentifier(template.database)} with (force)`);
}

/**
 * The password of a service's database role. It follows from the superuser's, because roles belong to a whole server:
 * two test runs, or a test run and `gatehouse up`, that share one must not keep changing each other's passwords.
 */
export function rolePassword(adminUrl: string, role: string): string {
  const { password } = new URL(adminUrl);
  return createHmac('sha256', `gatehouse ${decodeURIComponent(password)}`)
    .update(role)
    .digest('base64url');
}

/** The message, and those of its causes, which say what Postgres had against it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} ${reasonOf(error.cause)}`;
}
