import { join } from 'node:path';
import { Failure } from '@gatehouse/failure';
import type { Logger } from '@gatehouse/process';
import { withAdvisoryLock } from './advisory-lock.ts';
import type { Connection } from './connection.ts';
import { codeOf } from './errors.ts';
import { readGrants, replaceGrants } from './grants.ts';
import { identifier } from './identifier.ts';
import { migrate } from './migrate.ts';
import { ensureRole, roleNames } from './roles.ts';
import { allowTemporary, closeDatabase, ensureSchema } from './schema-owner.ts';
import { withSession } from './session.ts';
import { withRole } from './url.ts';

/** Which service gets its place in a database. */
export interface ProvisionOptions {
  /** Of a superuser, or of the database's owner if that may create roles. Straight to Postgres, not to PgBouncer. */
  readonly adminUrl: string;
  /** Names the schema, and the roles `gatehouse_<service>_owner` and `gatehouse_<service>`. */
  readonly service: string;
  /** Of the migrations; `grants.sql` lies beside it. */
  readonly directory: string;
  readonly ownerPassword: string;
  readonly appPassword: string;
  readonly logger?: Logger;
}

const LOCK_WAIT_MS = 60_000;
const STATEMENT_TIMEOUT_MS = 60_000;
const NOT_ALLOWED = '42501';

/**
 * Gives a service its schema: makes its roles and the schema, runs the migrations as the owner, and replaces what the
 * application's role may do by what `grants.sql` says. The database has to be Gatehouse's own: what Postgres lets
 * everybody do in it (temporary tables, objects in `public`) is taken away; owners of schemas keep temporary tables. Can be run again, and twice at once.
 * Rejects with Failure `denied` (PROVISION_NOT_ALLOWED) when the admin's role may not do that, `precondition`
 * (ROLE_TOO_POWERFUL, SCHEMA_NOT_OWNED, GRANTS_MISSING, GRANTS_FAILED, and what `migrate` says), `invalid`
 * (PASSWORD_NOT_ASCII) or `unavailable`.
 */
export async function provision(o: ProvisionOptions): Promise<{ ownerUrl: string; appUrl: string; applied: string[] }> {
  const schema = identifier(o.service);
  const { owner, app } = roleNames(schema);
  const grants = await readGrants(join(o.directory, '..', 'grants.sql'));
  const underLock = (url: string, lock: string, work: (connection: Connection) => Promise<void>) =>
    withSession(
      url,
      { applicationName: `gatehouse-provision-${schema}`, statementTimeoutMs: STATEMENT_TIMEOUT_MS },
      (connection) => withAdvisoryLock(connection, lock, LOCK_WAIT_MS, () => work(connection)),
    );

  // One lock for all services, since they change the rights of the same database.
  await underLock(o.adminUrl, 'provision', async (connection) => {
    await prepare(
      connection,
      schema,
      { name: owner, password: o.ownerPassword },
      { name: app, password: o.appPassword },
    );
  });
  const ownerUrl = withRole(o.adminUrl, owner, o.ownerPassword);
  const { applied } = await migrate({
    ownerUrl,
    schema,
    directory: o.directory,
    ...(o.logger && { logger: o.logger }),
  });
  await underLock(ownerUrl, `grants.${schema}`, (connection) => replaceGrants(connection, schema, app, grants));
  return { ownerUrl, appUrl: withRole(o.adminUrl, app, o.appPassword), applied };
}

interface Role {
  readonly name: string;
  readonly password: string;
}

async function prepare(connection: Connection, schema: string, owner: Role, app: Role): Promise<void> {
  try {
    await ensureRole(connection, owner.name, owner.password);
    await ensureRole(connection, app.name, app.password);
    await ensureSchema(connection, schema, owner.name);
    await closeDatabase(connection);
    await allowTemporary(connection, owner.name);
  } catch (error) {
    if (codeOf(error) !== NOT_ALLOWED) throw error;
    throw new Failure('denied', 'PROVISION_NOT_ALLOWED', 'The admin role may not make roles and schemas here.', {
      cause: error,
    });
  }
}
