import { randomBytes } from 'node:crypto';
import { administer, quoteIdentifier, withDatabase } from './admin-database.ts';
import { rememberStore } from './started-stores.ts';
import { testStores } from './test-stores.ts';
import { isOfTier } from './vitest/tier-in-force.ts';

/** A database of one test file's own, as a service's migrations leave it. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** Whether it lies on the run's Postgres, which no test stops. */
  readonly isShared: boolean;
  /** URL of the role that the service runs as. */
  readonly url: string;
  /** URL of the role that owns the schema. */
  readonly ownerUrl: string;
  /** URL of the superuser, in this database. */
  readonly adminUrl: string;
  /** Removes it, connections or not. */
  drop(): Promise<void>;
}

/** Clones the database that the global set-up has run the service's migrations in. `service` is its folder's name. */
export async function createTestDatabase(service: string): Promise<TestDatabase> {
  if (isOfTier('unit')) throw new Error('A test of the tier unit has no database. See CONTRIBUTING.md.');
  const { adminUrl, templates } = testStores();
  const template = templates[service];
  if (template === undefined)
    throw new Error(`The service ${service} has no migrations, so there is nothing to clone.`);
  if ('error' in template) throw new Error(`The migrations of ${service} could not be run: ${template.error}`);
  const name = `gatehouse_${service}_${randomBytes(6).toString('hex')}`;
  const [quoted, quotedTemplate] = [name, template.database].map(quoteIdentifier);
  await administer(
    adminUrl,
    `create database ${quoted} template ${quotedTemplate} strategy file_copy`,
    // The rights in a database are cloned, those to the database are not; provision takes this one away but from the owner.
    `revoke temporary on database ${quoted} from public`,
    `grant temporary on database ${quoted} to ${quoteIdentifier(`gatehouse_${service}_owner`)}`,
  );
  let dropped: Promise<void> | undefined;
  const drop = () => {
    dropped ??= administer(adminUrl, `drop database if exists ${quoted} with (force)`).finally(() => forget());
    return dropped;
  };
  const forget = rememberStore({ name: `Database ${name}`, stop: drop });
  return {
    name,
    isShared: true,
    url: withDatabase(template.appUrl, name),
    ownerUrl: withDatabase(template.ownerUrl, name),
    adminUrl: withDatabase(adminUrl, name),
    drop,
    [Symbol.asyncDispose]: drop,
  };
}
